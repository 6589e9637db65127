"""The one table of operators: `TABLE[kind]` says how each is read, checked, lowered and tested."""

from __future__ import annotations

from edgepack.compiler.operators import (
    activation,
    circular,
    control,
    convolution,
    detection,
    elementwise,
    embedding,
    filter_bank,
    fourier,
    functions,
    lstm,
    lstm_layers,
    matmul,
    movement,
    pooling,
    quantization,
    rnn,
    spectra,
    streams,
    svdf,
    transposed,
    volumes,
)
from edgepack.compiler.operators.row import OperatorRow
from edgepack.graph import Operator

__all__ = ["TABLE", "OperatorRow", "row_of"]

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
        volumes,
        svdf,
        fourier,
        spectra,
        filter_bank,
        streams,
        circular,
        lstm,
        lstm_layers,
        rnn,
        embedding,
    )
    for row in module.ROWS
}


def row_of(operator: Operator) -> OperatorRow:
    """The operator's row: the table's, or the one that the user brings for it."""
    row: OperatorRow = operator.own or TABLE[operator.kind]
    return row
