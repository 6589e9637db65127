"""Broken bytes: files cut short, offsets, lengths and vtables overwritten, other file types."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from tests.unit.compiler.mutation import BYTES, Mutant


def structural() -> Iterator[Mutant]:
    """Faults in the bytes: cut short, offsets, lengths and vtables overwritten."""
    data = BYTES["cnn"]
    size = len(data)
    for keep in [*range(8, 64, 4), *range(64, size, 157), size - 1, size - 4]:
        yield Mutant(f"cut at {keep}", data[:keep], "cnn", "the file has")
    for value in (0, 2, 5, size - 2, size, size + 4, 2**31, 2**32 - 4):
        yield Mutant(f"root offset {value}", overwrite(data, 0, value), "cnn", "")
    for name, position in offset_fields(data).items():
        for value in (0, 3, size, 2**31, 2**32 - 4):
            broken = overwrite(data, position, value)
            yield Mutant(f"offset of {name} = {value}", broken, "cnn", "")
    for name, position in vectors(data).items():
        for value in (2**32 - 1, 2**31, 2**30, size):
            broken = overwrite(data, position, value)
            yield Mutant(f"length of {name} = {value}", broken, "cnn", "lie outside the file")
    for name, limit in (
        ("operator codes", 1_000),
        ("subgraphs", 1_000),
        ("buffers", 20_000),
        ("tensors", 10_000),
        ("operators", 10_000),
    ):
        what = f"{limit + 1} of them; the limit is {limit}"
        many = overwrite(data, vectors(data)[name], limit + 1) + bytes(4 * limit)
        yield Mutant(f"{limit + 1} {name}", many, "cnn", what)
    for name, position in tables(data).items():
        for value in (position - size, 2**31 - 4, -(2**31), 1):
            broken = overwrite(data, position, value & 0xFFFFFFFF)
            yield Mutant(f"vtable of {name} at {value}", broken, "cnn", "")
        vtable = position - struct.unpack_from("<i", data, position)[0]
        for value in (0, 1, 2, 0xFFFF):
            broken = data[:vtable] + struct.pack("<H", value) + data[vtable + 2 :]
            yield Mutant(f"vtable of {name} of {value} bytes", broken, "cnn", "")
        broken = data[: vtable + 2] + struct.pack("<H", 0xFFFE) + data[vtable + 4 :]
        yield Mutant(f"{name} of 65534 bytes", broken, "cnn", "lie outside the file")


def overwrite(data: bytes, position: int, value: int) -> bytes:
    return data[:position] + struct.pack("<I", value) + data[position + 4 :]


def _field(table: Any, slot: int) -> int:
    return int(table._tab.Pos + table._tab.Offset(4 + 2 * slot))


def _parts(data: bytes) -> dict[str, Any]:
    model = schema.Model.GetRootAs(data)
    graph = model.Subgraphs(0)
    return {
        "model": model,
        "graph": graph,
        "tensor": graph.Tensors(1),
        "quantization": graph.Tensors(1).Quantization(),
        "operator": graph.Operators(0),
        "code": model.OperatorCodes(0),
        "buffer": model.Buffers(1),
    }


def offset_fields(data: bytes) -> dict[str, int]:
    """Where the offsets of the parts that the reader needs lie in the file."""
    p = _parts(data)
    return {
        "operator codes": _field(p["model"], 1),
        "subgraphs": _field(p["model"], 2),
        "buffers": _field(p["model"], 4),
        "tensors": _field(p["graph"], 0),
        "inputs": _field(p["graph"], 1),
        "outputs": _field(p["graph"], 2),
        "operators": _field(p["graph"], 3),
        "shape": _field(p["tensor"], 0),
        "tensor name": _field(p["tensor"], 3),
        "quantization": _field(p["tensor"], 4),
        "scale": _field(p["quantization"], 2),
        "zero_point": _field(p["quantization"], 3),
        "operator inputs": _field(p["operator"], 1),
        "operator outputs": _field(p["operator"], 2),
        "options": _field(p["operator"], 4),
        "data": _field(p["buffer"], 0),
    }


def vectors(data: bytes) -> dict[str, int]:
    """Where the lengths of the vectors lie in the file."""
    fields = offset_fields(data)
    return {
        name: position + struct.unpack_from("<I", data, position)[0]
        for name, position in fields.items()
        if name not in ("quantization", "options")
    }


def tables(data: bytes) -> dict[str, int]:
    """Where the tables lie in the file."""
    return {name: int(part._tab.Pos) for name, part in _parts(data).items()}


def foreign() -> Iterator[Mutant]:
    """Files of other types."""
    for name, data, what in (
        ("empty", b"", "an empty file"),
        ("zip", b"PK\x03\x04" + bytes(60), ".keras"),
        ("hdf5", b"\x89HDF\r\n\x1a\n" + bytes(60), ".h5"),
        ("elf", b"\x7fELF\x01\x01\x01" + bytes(60), "an ELF program"),
        ("numpy", b"\x93NUMPY\x01\x00" + bytes(60), "a NumPy array"),
        ("gzip", b"\x1f\x8b\x08\x00" + bytes(60), "a gzip archive"),
        ("pickle", b"\x80\x04\x95\x10" + bytes(60), "a Python pickle"),
        ("lfs", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        ("html", b"<!DOCTYPE html><html></html>", "a web page"),
        ("png", b"\x89PNG\r\n\x1a\n" + bytes(60), "a picture"),
        ("saved_model", b"\x08\x01\x12\x80\x04" + bytes(60), "saved_model.pb"),
        ("onnx", b"\x08\x07\x12\x07pytorch" + bytes(60), "an ONNX model"),
        ("c array", b"unsigned char m[] = {0x1c, 0x00};", "a C array"),
        ("text", b"conv1: 3x3\nconv2: 3x3\n", "a text file"),
        ("noise", bytes(range(200, 256)), "something unknown"),
        ("one byte", b"\x1c", "something unknown"),
        ("size prefixed", struct.pack("<I", len(BYTES["cnn"])) + BYTES["cnn"], "size-prefixed"),
        ("older schema", BYTES["cnn"][:4] + b"TFL2" + BYTES["cnn"][8:], "another schema version"),
        ("identifier only", b"\x00\x00\x00\x00TFL3", "damaged"),
    ):
        yield Mutant(f"file: {name}", data, "cnn", what)
