"""The one table of operators: `TABLE[kind]` says how each is read, checked, lowered and tested."""

from __future__ import annotations

from edgepack.compiler.operators import (
    activation,
    control,
    convolution,
    detection,
    elementwise,
    functions,
    matmul,
    movement,
    pooling,
    quantization,
    svdf,
    transposed,
)
from edgepack.compiler.operators.row import OperatorRow
from edgepack.graph import Operator

TABLE: dict[str, OperatorRow] = {
    row.kind: row
    for module in (
        convolution,
        pooling,
        elementwise,
        matmul,
        activation,
        movement,
        detection,
        quantization,
        control,
        functions,
        transposed,
        svdf,
    )
    for row in module.ROWS
}


def row_of(operator: Operator) -> OperatorRow:
    """The operator's row: the table's, or the one that the user brings for it."""
    row: OperatorRow = operator.own or TABLE[operator.kind]
    return row
