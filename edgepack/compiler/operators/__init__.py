"""The one table of operators: `TABLE[kind]` says how each is read, checked, lowered and tested."""

from __future__ import annotations

from edgepack.compiler.operators import (
    activation,
    control,
    convolution,
    elementwise,
    functions,
    matmul,
    movement,
    pooling,
    quantization,
    transposed,
)
from edgepack.compiler.operators.row import OperatorRow

TABLE: dict[str, OperatorRow] = {
    row.kind: row
    for module in (
        convolution,
        pooling,
        elementwise,
        matmul,
        activation,
        movement,
        quantization,
        control,
        functions,
        transposed,
    )
    for row in module.ROWS
}
