"""Broken models: faults in the bytes of a file, and in what a well-formed file says."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tests.tflite_builder import pack, unpack

WORDS = (0, 1, 2, 3, 4, 0x7F, 0x80, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF)
NUMBERS = (0, 1, 2, 3, 5, 8, 127, 255, 65536, 2**31 - 1, -1, -2, -3, -5, -128, -(2**31))
SCALES = (0.0, -1.0, math.inf, math.nan, 1e-40, 1e-30, 1e-9, 1e-3, 0.5, 1.0, 3.0, 1e9, 1e30)
ITEMS = {0: "<f4", 2: "<i4", 4: "<i8", 7: "<i2", 9: "i1", 3: "u1", 6: "u1"}
CODES = sorted(v for k, v in vars(schema.BuiltinOperator).items() if k.isupper())
Fault = Callable[[Any, random.Random], None]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """A copy with one to four random faults in its bytes."""
    broken = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(len(broken) - 4)
        kind = rng.randrange(6)
        if kind == 0:
            broken[at] = rng.randrange(256)
        elif kind == 1:
            broken[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            struct.pack_into("<I", broken, at & ~3, rng.choice((*WORDS, rng.randrange(2**32))))
        elif kind == 3:
            broken[at : at + 2] = struct.pack("<H", rng.randrange(2**16))
        elif kind == 4:
            other = rng.randrange(len(broken) - 4) & ~3
            at &= ~3
            one, two = broken[at : at + 4], broken[other : other + 4]
            broken[at : at + 4], broken[other : other + 4] = two, one
        elif len(broken) > 64:
            del broken[rng.randrange(8, len(broken)) :]
            break
    return bytes(broken)


def altered(data: bytes, rng: random.Random) -> bytes | None:
    """A well-formed file that says something else; None where the schema cannot write it."""
    model = unpack(data)
    try:
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            rng.choice(FAULTS)(model, rng)
        changed = pack(model)
    except (struct.error, ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None
    return None if changed == data else changed


def mutant(data: bytes, rng: random.Random) -> bytes:
    """One of either kind, the well-formed ones three times as often."""
    if rng.random() < 0.25:
        return damaged(data, rng)
    return altered(data, rng) or damaged(data, rng)


def _graph(model: Any, rng: random.Random) -> Any:
    return rng.choice(model.subgraphs)


def _tensor(model: Any, rng: random.Random) -> Any:
    return rng.choice(_graph(model, rng).tensors)


def _operator(model: Any, rng: random.Random) -> Any:
    return rng.choice(_graph(model, rng).operators)


def _shape(model: Any, rng: random.Random) -> None:
    tensor = _tensor(model, rng)
    shape = [int(n) for n in tensor.shape]
    place = rng.randrange(len(shape) + 1)
    kind = rng.randrange(4)
    if kind == 0:
        shape.insert(place, rng.choice((1, 1, 2)))
    elif kind == 1 and shape:
        del shape[place % len(shape)]
    elif kind == 2:
        rng.shuffle(shape)
    elif shape:
        size = shape[place % len(shape)]
        shape[place % len(shape)] = rng.choice((*NUMBERS, size + 1, size - 1, 2 * size))
    tensor.shape = shape


def _size_everywhere(model: Any, rng: random.Random) -> None:
    """Another size wherever one stands, in shapes and constants: the model may still hold."""
    sizes = {int(n) for g in model.subgraphs for t in g.tensors for n in t.shape}
    if not sizes:
        return
    old, new = rng.choice(sorted(sizes)), rng.choice((1, 2, 3, 5, 7, 9))
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            before = math.prod(int(n) for n in tensor.shape)
            tensor.shape = [new if n == old else int(n) for n in tensor.shape]
            after = math.prod(tensor.shape)
            buffer = model.buffers[tensor.buffer]
            if buffer.data is not None and len(buffer.data) and before:
                each = len(buffer.data) / before
                buffer.data = np.resize(np.asarray(buffer.data, np.uint8), int(after * each))


def _type(model: Any, rng: random.Random) -> None:
    _tensor(model, rng).type = rng.randrange(20)


def _type_everywhere(model: Any, rng: random.Random) -> None:
    tensors = [t for g in model.subgraphs for t in g.tensors]
    old, new = rng.choice(tensors).type, rng.choice(list(ITEMS))
    for tensor in tensors:
        if tensor.type == old:
            tensor.type = new
            buffer = model.buffers[tensor.buffer]
            if buffer.data is not None and len(buffer.data):
                count = math.prod(int(n) for n in tensor.shape)
                size = count * np.dtype(ITEMS[new]).itemsize
                buffer.data = np.resize(np.asarray(buffer.data, np.uint8), size)


def _quantization(model: Any, rng: random.Random) -> None:
    tensor = _tensor(model, rng)
    found = tensor.quantization
    if found is None or found.scale is None:
        found = tensor.quantization = schema.QuantizationParametersT()
        found.scale, found.zeroPoint = np.float32([0.1]), np.int64([0])
        return
    kind = rng.randrange(5)
    if kind == 0:
        tensor.quantization = None
    elif kind == 1:
        found.scale = np.float32(found.scale)
        found.scale[rng.randrange(len(found.scale))] = rng.choice(SCALES)
    elif kind == 2:
        found.zeroPoint = np.int64(found.zeroPoint)
        found.zeroPoint[rng.randrange(len(found.zeroPoint))] = rng.choice(NUMBERS)
    elif kind == 3:
        found.quantizedDimension = rng.choice(NUMBERS)
    else:
        count = rng.randrange(4)
        found.scale, found.zeroPoint = np.full(count, 0.1, np.float32), np.zeros(count, np.int64)


def _scale(model: Any, rng: random.Random) -> None:
    found = _tensor(model, rng).quantization
    if found is not None and found.scale is not None:
        found.scale = np.float32(found.scale) * np.float32(2.0 ** rng.uniform(-12, 12))


def _storage(model: Any, rng: random.Random) -> None:
    tensor = _tensor(model, rng)
    kind = rng.randrange(4)
    if kind == 0:
        tensor.buffer = rng.randrange(len(model.buffers) + 1)
    elif kind == 1:
        tensor.isVariable = not tensor.isVariable
    elif kind == 2:
        tensor.shapeSignature = [rng.choice((-1, int(n))) for n in tensor.shape]
    else:
        tensor.buffer = 0


def _values(model: Any, rng: random.Random) -> None:
    constants = [
        (t, model.buffers[t.buffer])
        for g in model.subgraphs
        for t in g.tensors
        if t.type in ITEMS
        and t.buffer < len(model.buffers)
        and model.buffers[t.buffer].data is not None
        and len(model.buffers[t.buffer].data)
    ]
    if not constants:
        return
    tensor, buffer = rng.choice(constants)
    raw = np.array(buffer.data, np.uint8)
    kind = np.dtype(ITEMS[tensor.type])
    if len(raw) % kind.itemsize or rng.random() < 0.1:
        buffer.data = np.resize(raw, max(0, len(raw) + rng.randrange(-4, 5)))
        return
    values = raw.view(kind)
    for _ in range(rng.choice((1, 1, 2, len(values)))):
        number = rng.choice(SCALES if kind.kind == "f" else NUMBERS)
        with np.errstate(all="ignore"):
            values[rng.randrange(len(values))] = np.asarray(number).astype(kind)
    buffer.data = raw


def _wires(model: Any, rng: random.Random) -> None:
    graph = _graph(model, rng)
    if not graph.operators:
        return
    holder = rng.choice(graph.operators) if rng.random() < 0.9 else graph
    role = rng.choice(("inputs", "inputs", "outputs"))
    ends = [int(i) for i in getattr(holder, role)]
    kind = rng.randrange(5)
    place = rng.randrange(len(ends)) if ends else 0
    if kind == 0 and ends:
        ends[place] = rng.randrange(len(graph.tensors))
    elif kind == 1 and ends:
        ends[place] = rng.choice((-1, len(graph.tensors), -2))
    elif kind == 2 and ends:
        del ends[place]
    elif kind == 3:
        ends.insert(place, rng.randrange(-1, len(graph.tensors)))
    else:
        rng.shuffle(ends)
    setattr(holder, role, ends)


def _option(model: Any, rng: random.Random) -> None:
    operator = _operator(model, rng)
    if operator.customOptions is not None and len(operator.customOptions):
        raw = np.array(operator.customOptions, np.uint8)
        raw[rng.randrange(len(raw))] = rng.randrange(256)
        operator.customOptions = raw[: rng.choice((len(raw), len(raw), rng.randrange(len(raw))))]
        return
    options = operator.builtinOptions
    if options is None or rng.random() < 0.03:
        operator.builtinOptions, operator.builtinOptionsType = None, 0
        return
    names = [n for n in vars(options) if not n.startswith("_")]
    if not names:
        return
    name = rng.choice(names)
    value = getattr(options, name)
    if isinstance(value, bool):
        setattr(options, name, not value)
    elif isinstance(value, float):
        setattr(options, name, rng.choice((*SCALES, -0.5)))
    elif isinstance(value, int):
        setattr(options, name, rng.choice((*NUMBERS, value + 1, value - 1)))
    elif value is not None and not isinstance(value, (bytes, str)):
        many = [int(v) for v in value]
        many[rng.randrange(len(many))] = rng.choice(NUMBERS)
        setattr(options, name, many)


def _code(model: Any, rng: random.Random) -> None:
    code = rng.choice(model.operatorCodes)
    kind = rng.randrange(3)
    if kind == 0:
        code.version = rng.choice(NUMBERS)
    else:
        code.builtinCode = rng.choice(CODES)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        if kind == 1:
            for graph in model.subgraphs:
                for operator in graph.operators:
                    operator.builtinOptions, operator.builtinOptionsType = None, 0


def _order(model: Any, rng: random.Random) -> None:
    operators = _graph(model, rng).operators
    kind = rng.randrange(3)
    place = rng.randrange(len(operators))
    if kind == 0:
        del operators[place]
    elif kind == 1:
        operators.insert(rng.randrange(len(operators) + 1), operators[place])
    else:
        rng.shuffle(operators)


FAULTS: tuple[Fault, ...] = (
    _shape, _size_everywhere, _size_everywhere, _size_everywhere, _type, _type_everywhere,
    _type_everywhere, _quantization, _scale, _scale, _storage, _values, _values, _values, _wires,
    _option, _option, _option, _code, _code, _order,
)  # fmt: skip
