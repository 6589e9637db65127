"""Shapes that a model computes at run time, though its batch is 1, made constants.

A converter that is given an open batch writes SHAPE, STRIDED_SLICE and PACK in front of RESHAPE.
With the batch fixed at 1 all of it is known, so none of it reaches the device.
"""

from __future__ import annotations

import dataclasses
import struct

from edgepack.compiler.operators.row import OptionField
from edgepack.graph import ABSENT, DType, Operator, Tensor

FOLDED: dict[str, tuple[int, tuple[OptionField, ...]]] = {  # options' number, its fields
    "SHAPE": (55, ()),
    "PACK": (59, (OptionField("axis", 1, "int32"),)),
}
LONGEST = 1024  # elements of a vector that may be part of a shape's computation
FORMATS = {DType.INT32: "i", DType.INT64: "q"}


def fold_shapes(
    operators: tuple[Operator, ...], tensors: tuple[Tensor, ...]
) -> tuple[tuple[Operator, ...], tuple[Tensor, ...]]:
    """The operators without those that only compute shapes, whose outputs become constants.

    An operator stays where its result is not known, or is not of the type and shape that its
    output states.
    """
    known = list(tensors)
    kept = []
    for op in operators:
        values = _result(op, known)
        output = known[op.outputs[0]] if len(op.outputs) == 1 else None
        if values is None or output is None or not _fits(output, values):
            kept.append(op)
            continue
        data = struct.pack(f"<{len(values)}{FORMATS[output.dtype]}", *values)
        known[output.index] = dataclasses.replace(output, data=data)
    return tuple(kept), tuple(known)


def _fits(output: Tensor, values: tuple[int, ...]) -> bool:
    """Whether the output is a computed tensor of whole numbers with room for just these."""
    whole = output.dtype in FORMATS and output.data is None
    return whole and output.elements == len(values) and all(-(2**31) <= v < 2**31 for v in values)


def _result(op: Operator, tensors: list[Tensor]) -> tuple[int, ...] | None:
    if ABSENT in op.inputs or not op.inputs:
        return None
    inputs = [tensors[index] for index in op.inputs]
    if op.kind == "SHAPE":
        return inputs[0].shape
    values = [_values(tensor) for tensor in inputs]
    if op.kind == "PACK" and op.option("axis") == 0 and not any(t.shape for t in inputs):
        return tuple(v[0] for v in values if v) if all(values) else None
    if op.kind == "STRIDED_SLICE" and len(inputs) == 4 and len(inputs[0].shape) == 1:
        return _slice(op, values)
    return None


def _values(tensor: Tensor) -> tuple[int, ...] | None:
    if tensor.data is None or tensor.dtype not in FORMATS or tensor.elements > LONGEST:
        return None
    return struct.unpack(f"<{tensor.elements}{FORMATS[tensor.dtype]}", tensor.data)


def _slice(op: Operator, values: list[tuple[int, ...] | None]) -> tuple[int, ...] | None:
    """A slice of a vector, with TFLite's masks; None for what they may say of other shapes."""
    vector, *ends = values
    if vector is None or any(end is None or len(end) != 1 for end in ends):
        return None
    begin, end, step = (end[0] for end in ends if end)
    masks = ("begin_mask", "end_mask", "shrink_axis_mask", "ellipsis_mask", "new_axis_mask")
    no_begin, no_end, shrink, *others = (bool(op.option(name) & 1) for name in masks)
    if any(others) or op.option("offset") or step == 0:
        return None
    if shrink:
        return (vector[begin],) if -len(vector) <= begin < len(vector) else None
    return vector[slice(None if no_begin else begin, None if no_end else end, step)]
