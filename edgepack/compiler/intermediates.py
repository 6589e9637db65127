"""Tensors that an operator names beside its inputs and outputs, only to tell their scales."""

from __future__ import annotations

import math
from dataclasses import replace

from edgepack.compiler.flatbuffer import Table
from edgepack.compiler.operators import TABLE
from edgepack.graph import Operator

SLOT = 8  # of TFLite's Operator table
TAG = "intermediates"  # of the rows whose operators are read with them
LIMIT = 32


def with_intermediates(op: Operator, table: Table, tensors: list[Table]) -> Operator:
    """The operator, where its row wants them with the option `intermediates`.

    (scale, zero point) of each tensor in turn, (0, 0) where it has no scale that is finite and
    above 0.
    """
    row = TABLE.get(op.kind)
    if row is None or TAG not in row.tags:
        return op
    numbers = table.integers(SLOT, "int32", TAG)
    if len(numbers) > LIMIT or any(not 0 <= number < len(tensors) for number in numbers):
        table.source.damaged(
            f"op {op.index} {op.kind}",
            f"it names {len(numbers)} intermediate tensors, some beyond the {len(tensors)} there",
        )
    pairs = tuple(value for number in numbers for value in _scale(tensors[number]))
    return replace(op, options={**op.options, TAG: pairs})


def _scale(tensor: Table) -> tuple[float, float]:
    found = tensor.table(4, "quantization")
    scales = found.numbers(2, "float32", "scale") if found is not None else ()
    points = found.integers(3, "int64", "zero_point") if found is not None else ()
    if not scales or not points or not (math.isfinite(scales[0]) and scales[0] > 0):
        return 0.0, 0.0
    return float(scales[0]), float(max(-(2**15), min(points[0], 2**15 - 1)))
