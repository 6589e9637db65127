"""Functions of elements, comparisons, choices and reductions: their rows together."""

from __future__ import annotations

from edgepack.compiler.operators import (
    along_axis,
    arithmetic,
    comparison,
    normalisation,
    reduction,
    selection,
    unary,
)
from edgepack.compiler.operators.row import OperatorRow

ROWS: tuple[OperatorRow, ...] = (
    *along_axis.ROWS,
    *arithmetic.ROWS,
    *comparison.ROWS,
    *normalisation.ROWS,
    *reduction.ROWS,
    *selection.ROWS,
    *unary.ROWS,
)
