"""benchmarks/operators.md: what each operator of the bench costs, a table a board and model.

Made by `python -m benchmarks.mlperf_tiny` from results.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.tables import MODELS, markdown

HEADER = ("op", "kind", "output", "MACs", "kernel", "instructions", "a MAC", "cycles")


def operator_tables(results: Mapping[str, Any]) -> str:
    """The whole page."""
    parts = ["# Operators of the bench, board by board\n", _INTRODUCTION]
    for board in sorted(results):
        for model in MODELS:
            rows = results[board].get(model, {}).get("profile")
            if rows:
                name, _, level = board.partition(":")
                shown = f"{model} on {name}" + (f", {level}" if level else "")
                parts.append(f"## {shown}\n\n{markdown(HEADER, [_row(row) for row in rows])}")
    return "\n".join(parts)


_INTRODUCTION = """Made by `make bench`. Instructions are emulated, of one inference; cycles are \
estimated from them by the core's manual (M0, M3, M4) or a stated model (M7 within 30 %, M33 \
within 20 %), without flash wait states.
"""


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    macs, count, cycles = row["macs"], row["count"], row.get("cycles")
    return (
        str(row["operator"]),
        row["kind"],
        row["output"],
        f"{macs:,}" if macs else "-",
        f"`{row['kernel']}`",
        f"{count:,}",
        f"{count / macs:.2f}" if macs else "-",
        "-" if cycles is None else f"{cycles:,}",
    )
