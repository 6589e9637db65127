"""What a model computes from constants alone, computed once, here.

A converter that is given an open batch writes SHAPE, STRIDED_SLICE and PACK in front of RESHAPE;
a model with float16 weights has a DEQUANTIZE behind each. None of it needs to reach the device.
Only operators are evaluated whose result NumPy gives to the bit as TFLite's kernels do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from edgepack.compiler import folding_functions
from edgepack.compiler.rewrite import with_operators
from edgepack.errors import ModelError
from edgepack.graph import ABSENT, DType, Graph, Operator, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Evaluate = Callable[[Operator, Graph, list[Array]], Sequence[Array]]

SMALL = 4096  # bytes that a result may always have; beyond, it may be GROWTH times its inputs
GROWTH = 4
_UNKNOWN = (
    *(ModelError, ValueError, IndexError, TypeError),
    *(ZeroDivisionError, KeyError, OverflowError),
)  # what evaluating a broken operator raises
_INTEGERS = (DType.INT32, DType.INT64)


def fold_constants(graph: Graph) -> Graph:
    """The graph without operators whose result is known; their outputs are constants.

    An operator stays where its result is not of the type and shape that its output states, or
    where it would grow the model much.
    """
    return _folded(graph, frozenset(graph.inputs))


def fold_inside(graph: Graph) -> Graph:
    """The same, but operators that make an output of the model stay: a model has at least one."""
    return _folded(graph, frozenset((*graph.inputs, *graph.outputs)))


def _folded(graph: Graph, ends: frozenset[int]) -> Graph:
    kept = []
    for op in graph.operators:
        results = known_results(op, graph, ends)
        if results is None:
            kept.append(op)
            continue
        tensors = list(graph.tensors)
        for index, values in zip(op.outputs, results, strict=True):
            tensors[index] = dataclasses.replace(tensors[index], data=values.tobytes())
        graph = dataclasses.replace(graph, tensors=tuple(tensors))
    return graph if len(kept) == len(graph.operators) else with_operators(graph, kept)


def known_results(op: Operator, graph: Graph, ends: frozenset[int]) -> Sequence[Array] | None:
    """What the operator makes of constants, an array an output; None where that is not known."""
    evaluate = EVALUATORS.get(op.kind)
    if evaluate is None or op.own is not None or ABSENT in op.inputs:
        return None
    if not op.inputs or not op.outputs:
        return None
    inputs = [graph.tensors[index] for index in op.inputs]
    outputs = [graph.tensors[index] for index in op.outputs]
    if not all(_writable(tensor, ends) for tensor in outputs):
        return None
    if not all(tensor.data is not None for tensor in inputs) and op.kind not in ("SHAPE", "RANK"):
        return None
    known = sum(len(tensor.data) for tensor in inputs if tensor.data is not None)
    if sum(tensor.bytes for tensor in outputs) > max(SMALL, GROWTH * known):
        return None
    arrays = [tensor.array() for tensor in inputs if tensor.data is not None]
    try:
        results = evaluate(op, graph, arrays)
    except _UNKNOWN:
        return None  # what is wrong with it, its check says
    fits = len(results) == len(outputs) and all(
        values.shape == tensor.shape and values.dtype == tensor.dtype.numpy
        for values, tensor in zip(results, outputs, strict=True)
    )
    return results if fits else None


def _writable(tensor: Tensor, ends: frozenset[int]) -> bool:
    """Whether it is computed, has elements, and is none of those that stay."""
    return tensor.in_arena and all(size > 0 for size in tensor.shape) and tensor.index not in ends


def _output(op: Operator, graph: Graph, place: int = 0) -> Tensor:
    return graph.tensors[op.outputs[place]]


def _as_output(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    """The bytes of the first input in the output's shape."""
    return [arrays[0].reshape(_output(op, graph).shape)]


def _shape(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    shape = graph.tensors[op.inputs[0]].shape
    if any(size <= 0 for size in shape):
        raise ValueError(shape)
    values = len(shape) if op.kind == "RANK" else shape
    return [np.array(values, _output(op, graph).dtype.numpy)]


def _transpose(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    return [arrays[0].transpose([int(axis) for axis in arrays[1].ravel()])]


def _pack(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    return [np.stack(arrays, op.option("axis"))]


def _concatenation(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    scales = {graph.tensors[index].quantization for index in (*op.inputs, *op.outputs)}
    if len(scales) > 1 or op.option("fused_activation_function") != "NONE":
        raise ValueError(scales)
    return [np.concatenate(arrays, op.option("axis"))]


def _unpack(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    return list(np.moveaxis(arrays[0], op.option("axis"), 0))


def _split(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    axis, x = (arrays[0], arrays[1]) if op.kind == "SPLIT" else (arrays[2], arrays[0])
    along = int(axis.ravel()[0])
    sizes = [graph.tensors[index].shape[along] for index in op.outputs]
    if sum(sizes) != x.shape[along]:
        raise ValueError(sizes)
    return np.split(x, np.cumsum(sizes)[:-1], along)


def _slice(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    x, begins, _ = arrays
    size = _output(op, graph).shape
    places = zip(begins.ravel(), size, strict=True)
    return [x[tuple(slice(int(begin), int(begin) + count) for begin, count in places)]]


def _strided_slice(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    from edgepack.compiler.slicing import strided_slice_of

    part = strided_slice_of(op, graph)
    ranges = [
        np.arange(count) * step + begin
        for begin, count, step in zip(part.begin, part.count, part.step, strict=True)
    ]
    return [arrays[0][np.ix_(*ranges)].reshape(part.shape)]


def _gather(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    x, indices = arrays
    axis = op.option("axis")
    if op.option("batch_dims") or not 0 <= indices.min() <= indices.max() < x.shape[axis]:
        raise ValueError(axis)
    return [np.take(x, indices, axis)]


def _reverse(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    return [np.flip(arrays[0], tuple(int(axis) for axis in arrays[1].ravel()))]


def _broadcast_to(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    value = arrays[1] if op.kind == "FILL" else arrays[0]
    shape = arrays[0] if op.kind == "FILL" else arrays[1]
    if tuple(shape.ravel()) != _output(op, graph).shape:
        raise ValueError(shape)
    return [np.broadcast_to(value.reshape(()) if op.kind == "FILL" else value, shape.ravel())]


def _tile(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    times = [int(n) for n in arrays[1].ravel()]
    if min(times, default=1) < 1 or prod(times) * arrays[0].size != _output(op, graph).elements:
        raise ValueError(times)
    return [np.tile(arrays[0], times)]


def _broadcast_args(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    shape = np.broadcast_shapes(*(tuple(int(n) for n in array) for array in arrays))
    return [np.array(shape, arrays[0].dtype)]


def _range(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    from edgepack.compiler.operators.shapes import check_range, range_values

    check_range(op, graph)
    inputs = [graph.tensors[index] for index in op.inputs]
    return [range_values(inputs, _output(op, graph).elements)]


def _cast(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    x, target = arrays[0], _output(op, graph).dtype
    if x.dtype.kind == "f" and target.numpy[-2] in "iu":  # toward 0, where it is defined
        info = np.iinfo(target.numpy)
        if not np.all(np.isfinite(x)) or x.min() < info.min or x.max() >= info.max:
            raise ValueError(x)
    return [x.astype(target.numpy)]


def _arithmetic(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    """Whole numbers, which wrap, and single floats, which round once."""
    import numpy as np

    a, b = arrays
    whole = _output(op, graph).dtype in _INTEGERS
    if op.options.get("fused_activation_function", "NONE") != "NONE" or a.dtype != b.dtype:
        raise ValueError(op.kind)
    if not whole and (a.dtype != np.float32 or op.kind in ("MAXIMUM", "MINIMUM")):
        raise ValueError(a.dtype)
    functions = {
        "ADD": np.add,
        "SUB": np.subtract,
        "MUL": np.multiply,
        "MAXIMUM": np.maximum,
        "MINIMUM": np.minimum,
    }
    with np.errstate(all="ignore"):
        return [np.asarray(functions[op.kind](a, b))]


def _floor_division(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    a, b = arrays
    if _output(op, graph).dtype not in _INTEGERS or np.any(b == 0) or np.any(b == -1):
        raise ValueError(op.kind)
    return [np.asarray(a // b if op.kind == "FLOOR_DIV" else a % b)]


def _product(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    if _output(op, graph).dtype not in _INTEGERS:
        raise ValueError(op.kind)
    axes = tuple(int(axis) for axis in arrays[1].ravel())
    x = arrays[0]
    return [np.asarray(np.prod(x, axis=axes, dtype=x.dtype, keepdims=op.option("keep_dims")))]


def _zeros(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    import numpy as np

    return [np.zeros_like(arrays[0])]


def _dequantize(op: Operator, graph: Graph, arrays: list[Array]) -> Sequence[Array]:
    """scale * (stored - zero point), rounded once; float16 as it is."""
    import numpy as np

    x = graph.tensors[op.inputs[0]]
    if x.dtype is DType.FLOAT16:
        return [arrays[0].astype(np.float32)]
    quantization = x.quantization
    if quantization is None or x.dtype not in (DType.INT8, DType.UINT8, DType.INT16):
        raise ValueError(x.dtype)
    along = [1] * len(x.shape)
    if quantization.per_channel:
        along[quantization.axis] = -1
    scales = np.array(quantization.scales, np.float32).reshape(along)
    points = np.array(quantization.zero_points, np.int32).reshape(along)
    shifted = (arrays[0].astype(np.int32) - points).astype(np.float32)
    return [(scales * shifted).reshape(x.shape)]


EVALUATORS: Mapping[str, Evaluate] = {
    "RESHAPE": _as_output,
    "SQUEEZE": _as_output,
    "EXPAND_DIMS": _as_output,
    "DENSIFY": _as_output,
    "SHAPE": _shape,
    "RANK": _shape,
    "TRANSPOSE": _transpose,
    "PACK": _pack,
    "CONCATENATION": _concatenation,
    "UNPACK": _unpack,
    "SPLIT": _split,
    "SPLIT_V": _split,
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
    "GATHER": _gather,
    "REVERSE_V2": _reverse,
    "BROADCAST_TO": _broadcast_to,
    "FILL": _broadcast_to,
    "TILE": _tile,
    "BROADCAST_ARGS": _broadcast_args,
    "RANGE": _range,
    "CAST": _cast,
    "ADD": _arithmetic,
    "SUB": _arithmetic,
    "MUL": _arithmetic,
    "MAXIMUM": _arithmetic,
    "MINIMUM": _arithmetic,
    "FLOOR_DIV": _floor_division,
    "FLOOR_MOD": _floor_division,
    "REDUCE_PROD": _product,
    "ZEROS_LIKE": _zeros,
    "DEQUANTIZE": _dequantize,
    **folding_functions.EVALUATORS,
}
