"""Whether bytes are a .tflite file, and if not, what they look like."""

from __future__ import annotations

from edgepack.errors import ModelError

IDENTIFIER = b"TFL3"
CONVERT = "Make one of it: edgepack quantize MODEL, or convert MODEL for floats"
AGAIN = "Download or convert it again"
KINDS: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a zip archive, perhaps a .keras model", CONVERT),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, perhaps a Keras .h5 model", CONVERT),
    (
        b"\x08\x01\x12",
        "a TensorFlow saved_model.pb",
        "Give its folder: edgepack quantize FOLDER, or convert FOLDER for floats",
    ),
    (
        b"\x08\x01\x1a",
        "a TensorFlow saved_model.pb",
        "Give its folder: edgepack quantize FOLDER, or convert FOLDER for floats",
    ),
    (b"\x7fELF", "an ELF program", "Give the .tflite file that it was built from"),
    (b"\x93NUMPY", "a NumPy array", "It is data: give it as --data or --inputs"),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first"),
    (b"\x80\x04\x95", "a Python pickle, which can run code", "Export the model as .keras"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself", "Run git lfs pull"),
    (b"<!DOCTYPE", "a web page", "Download the file itself"),
    (b"<html", "a web page", "Download the file itself"),
    (b"\x89PNG", "a picture", "Give a .tflite file"),
)


def require_tflite(data: bytes, name: str) -> None:
    """Raise a ModelError that says what the bytes look like, unless they may be a .tflite."""
    if data[4:8] == IDENTIFIER and len(data) >= 8:
        return
    looks, step = _looks(data)
    raise ModelError(
        f"{name}: not a .tflite file, it looks like {looks}; a .tflite has 'TFL3' in its bytes 4 "
        f"to 7. {step}."
    )


def _looks(data: bytes) -> tuple[str, str]:
    if not data:
        return "an empty file", AGAIN
    for magic, looks, step in KINDS:
        if data.startswith(magic):
            return looks, step
    if data[8:12] == IDENTIFIER:
        return "a size-prefixed model", "Remove its first 4 bytes"
    if data[4:7] == b"TFL":
        return "a TFLite model of another schema version", "Convert it with a current TensorFlow"
    if b"pytorch" in data[:64] or b"onnx" in data[:64]:
        return "an ONNX model", "Convert it to .tflite first, with onnx2tf for instance"
    if b"unsigned char" in data[:4096] or b"uint8_t" in data[:4096]:
        return "a C array made of a model", "Give the .tflite file it was made from"
    if _is_text(data[:4096]):
        return "a text file", "Give a .tflite file"
    return "something unknown", AGAIN


def _is_text(head: bytes) -> bool:
    return all(9 <= byte <= 13 or 32 <= byte < 127 for byte in head)
