"""The compression table in Markdown, from benchmarks/compression.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from benchmarks.compression import SEEDS, kept, rows_of

TITLES = {
    "spoken": "Spoken digits, two speakers of six never heard: one fold a seed",
    "images": "ResNet8 on CIFAR-10 from JPEG files, one seed",
    "digits": "Handwritten digits",
    "watch": "Shoulder exercises, two people of ten never seen",
}
BASE = "int8"  # what the other rows are set beside


@dataclass(frozen=True, slots=True)
class Row:
    """One row over its seeds: accuracies by seed, and means of the rest."""

    name: str
    accuracy: Mapping[str, float]
    bytes: float  # weights, biases, multipliers
    flash: float  # the same and code
    ram: float
    instructions: float
    bit_exact: bool

    @property
    def mean(self) -> float:
        """The mean accuracy, in percent."""
        return 100 * fmean(self.accuracy.values())


def tables() -> str:
    """A table a task that was measured."""
    found = kept()
    parts = [_table(task, title, found[task]) for task, title in TITLES.items() if task in found]
    return "\n".join(parts)


SUMMARY = (
    "float32",
    "int8",
    "int4 trained",
    "ternary trained, ends at 8 bit",
    "ternary trained, depthwise at 4 bit, ends at 8",
    "control: as long trained further, taught, int8",
    "1x4 blocks, 75 %",
    "filters to half the weights, int4 trained",
    "control: narrower and taught, int8",
    "control: narrower and taught, int4 trained",
)


def summary() -> str:
    """Accuracy, bytes and instructions of the rows that say most, a column a task."""
    found = kept()
    tasks = [task for task in TITLES if task in found]
    by_task = {task: {row.name: row for row in rows(task, found[task])} for task in tasks}
    lines = [f"| | {' | '.join(tasks)} |", f"| --- |{' --- |' * len(tasks)}"]
    for name in SUMMARY:
        cells = [_short(by_task[task], name) for task in tasks]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _short(made: Mapping[str, Row], name: str) -> str:
    if name not in made:
        return "not run"
    row, base = made[name], made.get(BASE)
    if base is None or base is row:
        return f"{row.mean:.1f} % ({row.bytes:,.0f} B, {row.instructions:,.0f} instructions)"
    bytes_, instructions = row.bytes / base.bytes, row.instructions / base.instructions
    return f"{row.mean:.1f} % ({100 * bytes_:.0f} %, {100 * instructions:.0f} %)"


def rows(task: Any, found: Mapping[str, Any]) -> tuple[Row, ...]:
    """The rows that were made with every seed, in the order of compression.toml."""
    done = [r["name"] for r in rows_of(task) if len(found.get(r["name"], {})) == SEEDS[task]]
    return tuple(_row(name, found[name]) for name in done)


def _row(name: str, by_seed: Mapping[str, Any]) -> Row:
    seeds = list(by_seed.values())
    return Row(
        name=name,
        accuracy={seed: one["accuracy"] for seed, one in by_seed.items()},
        bytes=fmean(one["weights"] + one["tables"] for one in seeds),
        flash=fmean(one["weights"] + one["tables"] + one["code"] for one in seeds),
        ram=fmean(one["ram"] for one in seeds),
        instructions=fmean(one["instructions"] for one in seeds),
        bit_exact=all(one["bit_exact"] for one in seeds),
    )


def _table(task: str, title: str, found: Mapping[str, Any]) -> str:
    made = rows(task, found)
    base = next((row for row in made if row.name == BASE), None)
    n = next(iter(next(iter(found.values())).values()))["n"]
    missing = len(rows_of(task)) - len(made)
    lines = [
        "| row | accuracy, % | points | bytes | flash | RAM | instructions | bits | beaten by |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_line(row, base, made) for row in made),
    ]
    left = f" {missing} rows were not run." if missing else ""
    return f"**{title}** ({n:,} samples a seed).{left}\n\n" + "\n".join(lines) + "\n"


def _line(row: Row, base: Row | None, made: tuple[Row, ...]) -> str:
    each = [100 * value for value in row.accuracy.values()]
    spread = f" ({min(each):.1f} to {max(each):.1f})" if len(each) > 1 else ""
    cells = [
        row.name,
        f"{row.mean:.1f}{spread}",
        "-" if base is None or base is row else f"{row.mean - base.mean:+.1f}",
        _beside(row.bytes, base.bytes if base else None),
        _beside(row.flash, base.flash if base else None),
        f"{row.ram:,.0f}",
        _beside(row.instructions, base.instructions if base else None),
        "exact" if row.bit_exact else "within bounds",
        "; ".join(list(_better(row, made))[:2]) or "-",
    ]
    return "| " + " | ".join(cells) + " |"


def _beside(value: float, base: float | None) -> str:
    return f"{value:,.0f}" + (f" ({100 * value / base:.0f} %)" if base else "")


def _better(row: Row, made: tuple[Row, ...]) -> Iterator[str]:
    """Rows that are as good in accuracy, bytes and instructions, and better in one of them."""
    own = (-row.mean, row.bytes, row.instructions)
    for other in made:
        theirs = (-other.mean, other.bytes, other.instructions)
        if theirs != own and all(t <= o for t, o in zip(theirs, own, strict=True)):
            yield other.name
