"""Whether a graph is one that can be compiled: wiring, order, sizes, quantisation, operators.

What is wrong with the file as a file (offsets, indices, buffers) `reader` has refused before.
"""

from __future__ import annotations

import math
from typing import NoReturn

from edgepack.compiler.operators import row_of
from edgepack.compiler.operators.checks import (
    operator_text,
    printable,
    refuse,
    require_type,
    tensor_text,
)
from edgepack.errors import ModelError
from edgepack.graph import ABSENT, Graph, Operator, Tensor

RANGES = {
    "INT8": (-128, 127),
    "UINT8": (0, 255),
    "INT16": (-32768, 32767),
    "INT32": (-(2**31), 2**31 - 1),
    "UINT16": (0, 2**16 - 1),
    "UINT32": (0, 2**32 - 1),
    "UINT64": (0, 2**64 - 1),
    "INT4": (-8, 7),
}
MAX_TENSOR_BYTES = 256 * 2**20
MAX_SCALE = 2.0**40  # beyond it, and below its reciprocal, products of scales leave float32
MAX_RATIO = 2.0**30  # input scale (times weight scale) to output scale: what a shift left allows
CONVERT_AGAIN = "Convert the model again"


def refuse_tensor(index: int, name: str, message: str) -> NoReturn:
    """Raise the ModelError of one tensor: `message` says what, the limit and the next step."""
    raise ModelError(f"tensor {index} '{printable(name)}': {message}")


def validate(graph: Graph, *, inner: bool = False) -> Graph:
    """The same graph; ModelError unless every part of it can be compiled.

    An `inner` one, which IF or WHILE runs, may lack inputs, outputs and operators.
    """
    _check_ends(graph, inner=inner)
    for index in sorted(_used(graph)):
        _check_tensor(graph.tensors[index])
    for op in graph.operators:
        _check_arity(op, graph)
    _check_order(graph)
    for op in graph.operators:
        _check_types(op, graph)
        _check_ratios(op, graph)
        row_of(op).check(op, graph)
    return graph


def _used(graph: Graph) -> set[int]:
    touched = {t for op in graph.operators for t in (*op.inputs, *op.outputs)}
    return (touched | {*graph.inputs, *graph.outputs}) - {ABSENT}


def _check_ends(graph: Graph, *, inner: bool) -> None:
    for role, ends in (("input", graph.inputs), ("output", graph.outputs)):
        if not ends and not inner:
            raise ModelError(
                f"{graph.name}: it has no {role}; at least 1 is needed. {CONVERT_AGAIN}, with an "
                f"{role}."
            )
    if not graph.operators and not inner:
        raise ModelError(
            f"{graph.name}: it has no operator; at least 1 is needed. {CONVERT_AGAIN}, with a "
            "layer in it."
        )
    if len(set(graph.inputs)) != len(graph.inputs):
        raise ModelError(
            f"{graph.name}: a tensor is listed as an input twice; each may be once. "
            f"{CONVERT_AGAIN}."
        )


def _check_tensor(tensor: Tensor) -> None:
    for place, size in enumerate(tensor.shape):
        if size <= 0:
            raise ModelError(
                f"{tensor_text(tensor)}: dimension {place} is {size}; each must be above 0. "
                "Fix the input's shape before you convert."
            )
    count = math.prod(tensor.shape) * tensor.dtype.bytes
    if count > MAX_TENSOR_BYTES:
        raise ModelError(
            f"{tensor_text(tensor)}: {count} bytes; the limit is {MAX_TENSOR_BYTES}. "
            "Make the layer smaller."
        )
    if tensor.quantization is not None:
        _check_quantization(tensor)


def _check_quantization(tensor: Tensor) -> None:
    quantization = tensor.quantization
    assert quantization is not None
    again = "Quantise the model again with representative data"
    for scale in quantization.scales:
        if not (math.isfinite(scale) and scale > 0):
            raise ModelError(
                f"{tensor_text(tensor)}: its scale is {scale}; it must be finite and above 0. "
                f"{again}."
            )
        if scale > MAX_SCALE or (tensor.data is None and scale < 1 / MAX_SCALE):
            raise ModelError(
                f"{tensor_text(tensor)}: its scale is {scale:.9g}; it must lie in 2^-40 to 2^40. "
                f"{again}."
            )
    low, high = RANGES[tensor.dtype.name]
    for point in quantization.zero_points:
        if not low <= point <= high:
            raise ModelError(
                f"{tensor_text(tensor)}: its zero point is {point}; its type holds {low} to "
                f"{high}. {again}."
            )
    if not quantization.per_channel:
        return
    axis, count = quantization.axis, len(quantization.scales)
    if not 0 <= axis < len(tensor.shape) or tensor.shape[axis] != count:
        raise ModelError(
            f"{tensor_text(tensor)}: {count} scales along dimension {axis}; they must be as many "
            f"as its size there. {again}."
        )


def _check_arity(op: Operator, graph: Graph) -> None:
    row = row_of(op)
    for role, have, (low, high) in (
        ("inputs", op.inputs, row.inputs),
        ("outputs", op.outputs, row.outputs),
    ):
        if not low <= len(have) <= high:
            limit = str(low) if low == high else f"{low} to {high}"
            refuse(op, graph, f"{len(have)} {role}; {op.kind} has {limit}. {CONVERT_AGAIN}.")
    for place, index in enumerate(op.inputs):
        if index == ABSENT and place not in row.optional:
            allowed = ", ".join(map(str, sorted(row.optional))) or "none"
            refuse(
                op,
                graph,
                f"input {place} is left out (-1); only these may be: {allowed}. {CONVERT_AGAIN}.",
            )


def _check_order(graph: Graph) -> None:
    """Operators read only what is there before them, and every tensor has one writer."""
    writers: dict[int, str] = dict.fromkeys(graph.inputs, "the model's caller")
    for index in graph.inputs:
        if not graph.tensors[index].in_arena:
            kind = "a constant" if graph.tensors[index].state is None else "a variable"
            raise ModelError(
                f"{tensor_text(graph.tensors[index])}: an input of the model that is {kind}; "
                f"it must be one or the other. {CONVERT_AGAIN}."
            )
    for op in graph.operators:
        for index in op.inputs:
            if index != ABSENT and index not in writers and graph.tensors[index].in_arena:
                _refuse_unwritten(op, graph, index)
        for index in op.outputs:
            tensor = graph.tensors[index]
            if not tensor.in_arena:
                kind = "a constant" if tensor.state is None else "a variable"
                refuse(op, graph, f"it writes {tensor_text(tensor)}, {kind}; that is never "
                       f"allowed. The file is damaged: download or convert it again.")  # fmt: skip
            if index in writers:
                refuse(op, graph, f"it writes {tensor_text(tensor)}, which {writers[index]} has "
                       f"written; a tensor has one writer. {CONVERT_AGAIN}.")  # fmt: skip
            writers[index] = operator_text(op, graph)
    for place, index in enumerate(graph.outputs):
        tensor = graph.tensors[index]
        if index not in writers and tensor.in_arena:
            raise ModelError(
                f"{tensor_text(tensor)}: output {place} of the model, but never written by an "
                f"operator; an operator must compute it. {CONVERT_AGAIN}."
            )


def _refuse_unwritten(op: Operator, graph: Graph, index: int) -> NoReturn:
    later = next((other for other in graph.operators if index in other.outputs), None)
    if later is None:
        refuse(
            op,
            graph,
            f"it reads {tensor_text(graph.tensors[index])}, which has no data and which nothing "
            "writes; each input must have one of them. The file is damaged: download or convert "
            "it again.",
        )
    refuse(
        op,
        graph,
        f"it reads {tensor_text(graph.tensors[index])}, which {operator_text(later, graph)} "
        f"writes only later; operators must stand in the order they run. {CONVERT_AGAIN}.",
    )


def _check_types(op: Operator, graph: Graph) -> None:
    for index in op.outputs:
        require_type(op, graph, graph.tensors[index], row_of(op).types)


def _check_ratios(op: Operator, graph: Graph) -> None:
    """No output is so fine that a requantised sum would be shifted out of its 32 bits."""
    tensors = [graph.tensors[index] for index in op.inputs[:2] if index != ABSENT]
    largest = [max(t.quantization.scales) for t in tensors if t.quantization is not None]
    if not largest:
        return
    reach = max(*largest, math.prod(largest))
    for index in op.outputs:
        output = graph.tensors[index]
        if output.quantization is not None and reach / output.scale >= MAX_RATIO:
            refuse(
                op,
                graph,
                f"{tensor_text(output)} has the scale {output.scale:.9g}, more than 2^30 times "
                "smaller than what it is computed from. Quantise the model again with "
                "representative data.",
            )
