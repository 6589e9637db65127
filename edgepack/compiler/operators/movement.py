"""Operators that move data: rows of the table of operators."""

from __future__ import annotations

from edgepack.compiler.operators.row import OperatorRow

ROWS: tuple[OperatorRow, ...] = ()
