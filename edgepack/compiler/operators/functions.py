"""Functions of elements, comparisons, choices and reductions: their rows together."""

from __future__ import annotations

from edgepack.compiler.operators import arithmetic, comparison, selection
from edgepack.compiler.operators.row import OperatorRow

ROWS: tuple[OperatorRow, ...] = (
    *arithmetic.ROWS,
    *comparison.ROWS,
    *selection.ROWS,
)
