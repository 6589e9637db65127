"""What a model's file or folder is, told by its content; no TensorFlow."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Literal

from edgepack.compress.spec import ModelFile
from edgepack.errors import ModelError, UsageError

Kind = Literal["keras", "h5", "saved_model"]

_HDF5 = b"\x89HDF\r\n\x1a\n"


def describe(path: Path) -> ModelFile:
    """Name, SHA-256 and size of a file, or of the sorted files of a folder."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    total, size = hashlib.sha256(), 0
    for file in files:
        content = file.read_bytes()
        if path.is_dir():
            total.update(file.relative_to(path).as_posix().encode() + b"\0")
            total.update(hashlib.sha256(content).digest())
        else:
            total.update(content)
        size += len(content)
    return ModelFile(path.name, total.hexdigest(), size)


def is_tflite(path: Path) -> bool:
    """Whether `path` is a .tflite file, by its content."""
    return path.is_file() and path.open("rb").read(8)[4:] == b"TFL3"


def sniff(path: Path) -> Kind:
    """What `path` holds, by its content; ModelError for anything that is not a Keras model."""
    if path.is_dir():
        if (path / "saved_model.pb").is_file():
            return "saved_model"
        if (path / "config.json").is_file() and (path / "model.weights.h5").is_file():
            raise ModelError(f"{path}: an unpacked .keras file; zip its files into one .keras")
        raise ModelError(f"{path}: a folder without saved_model.pb is no SavedModel")
    if not path.exists():
        raise UsageError(f"{path}: no such file; name a .keras or .h5 file or a SavedModel folder")
    head = path.open("rb").read(16)
    if head.startswith(_HDF5):
        return "h5"
    if head.startswith(b"PK") and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if "config.json" in archive.namelist():
                return "keras"
    raise ModelError(f"{path}: {_other_kind(path, head)}")


def _other_kind(path: Path, head: bytes) -> str:
    want = "a .keras or .h5 file or a SavedModel folder is wanted here"
    if is_tflite(path):
        return f"is a .tflite file already; {want}. Go on with `edgepack run {path.name}`"
    if not head:
        return f"is empty; {want}"
    if path.suffix == ".onnx":
        return f"is an ONNX model; {want}"
    if head.startswith(b"PK"):
        return f"is a zip without config.json (a PyTorch file is one, too); {want}"
    if path.name in ("saved_model.pb", "keras_metadata.pb"):
        return f"is a part of a SavedModel; name its folder, {path.parent}"
    return f"is of no known type; {want}"
