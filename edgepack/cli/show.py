"""How results look on a terminal."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from edgepack.pipeline import Progress
    from edgepack.results import BenchResult, Inspection, PatchFacts


def print_json(value: Any) -> None:
    """A result as one JSON document of schema 1."""
    from edgepack.results import as_json

    click.echo(json.dumps(as_json(value), indent=2))


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns padded to their widest cell; those in `right` are flush right."""
    cells = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "  ".join(
            _pad(c, w, i in right) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * w for w in widths), *lines[1:]])


def op(number: int) -> str:
    """An operator's number in the file; "added" for one that edgepack put in."""
    return str(number) if number >= 0 else "added"


def _pad(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)


@contextlib.contextmanager
def progress(quiet: bool) -> Iterator[Progress]:
    """A bar a stage on a terminal, a line a quarter elsewhere, nothing where it must be quiet."""
    import sys

    if quiet:
        yield lambda what, done, of: None
    elif not sys.stderr.isatty():
        yield _lines()
    else:
        with _bars() as show:
            yield show


@contextlib.contextmanager
def _bars() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}
        last: dict[str, int] = {}

        def show(what: str, done: int, of: int) -> None:
            name = _name(what)
            if name not in tasks:
                tasks[name] = bars.add_task(what, total=of or None)
            elif done < last[name]:
                bars.reset(tasks[name])
            last[name] = done
            bars.update(tasks[name], description=what, completed=done, total=of or None)

        yield show


def _lines() -> Progress:
    last: dict[str, tuple[int, int]] = {}
    start: dict[str, tuple[float, int]] = {}

    def show(what: str, done: int, of: int) -> None:
        name = _name(what)
        now = time.monotonic()
        quarter = 4 * done // of if of else 0
        before, told = last.get(name, (done, -1))
        if done < before:  # the same again, of another model
            start[name], told = (now, done), -1
        since, first = start.setdefault(name, (now, done))
        last[name] = (done, quarter)
        if told != quarter:
            left = (now - since) / (done - first) * (of - done) if 0 <= first < done < of else 0.0
            text = f"{what}: {done}/{of}" if of else f"{what} ..."
            click.echo(text + (f", {left:.0f} s left" if left >= 1 else ""), err=True)

    return show


def _name(what: str) -> str:
    """What is being done, without how it goes: `prune: training` of `..., loss 0.1`."""
    return what.split(", ", 1)[0]


def inspection(found: Inspection) -> str:
    """Operators as a table, then the sums."""
    header = (
        *("op", "kind", "name", "output", "MACs", "weights B", "tables B"),
        *("level", "kernels", "predicted", "why"),
    )
    rows = [
        (
            op(o.operator),
            o.kind,
            _tail(o.name),
            o.output,
            f"{o.macs:,}",
            f"{o.weights:,}",
            f"{o.tables:,}",
            o.level,
            ", ".join(o.kernels) or "no code",
            ", ".join(f"{p.value:,} {p.unit}" for p in o.predicted) or "-",
            o.why,
        )
        for o in found.operators
    ]
    lines = [
        f"{found.model.name}  SHA-256 {found.model.sha256[:16]}",
        *_ends("input ", found.inputs, found.input_names),
        *_ends("output", found.outputs, found.output_names),
        "",
        table(header, rows, right=(0, 4, 5, 6)),
        "",
        f"MACs {found.model.macs:,}; weights {found.weights:,} B, tables {found.tables:,} B; "
        f"arena {found.arena:,} B ({_bound(found)}), its peak at {_peak(found)}"
        + (f"; state {found.state:,} B" if found.state else ""),
    ]
    if found.external:
        lines.append(f"weights that the application reads: {found.external:,} B, not in flash")
    if found.patches:
        lines.append(_patches(found.patches))
    lines += regions(found)
    if found.symbols:
        lines += ["", symbols(found)]
    if found.problem:
        lines.append(f"does not fit: {found.problem}")
    return "\n".join(lines)


def symbols(found: Inspection) -> str:
    """The image by symbol, and its bytes by kind."""
    rows = [
        (s.name, f"{s.bytes:,}", s.kind, s.region, ", ".join(map(op, s.operators)))
        for s in found.symbols
    ]
    kinds = dict.fromkeys(s.kind for s in found.symbols)
    sums = {kind: sum(s.bytes for s in found.symbols if s.kind == kind) for kind in kinds}
    listed = table(("symbol", "bytes", "kind", "memory", "ops"), rows, right=(1,))
    return f"{listed}\n\n" + ", ".join(f"{kind} {size:,} B" for kind, size in sums.items())


def regions(found: Inspection) -> list[str]:
    """What lies in which of the board's memories, a line each."""
    return [
        f"{r.name}: {r.bytes:,} of {r.limit:,} B (cost {r.cost:g})"
        + (f": {_some(r.holds)}" if r.holds else "")
        for r in found.regions
    ]


def _some(names: Sequence[str], most: int = 6) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _tail(name: str, width: int = 24) -> str:
    """The end of a name from a file, which tells more than its beginning."""
    printable = "".join(ch if ch.isprintable() else "?" for ch in name)
    return printable if len(printable) <= width else f"..{printable[2 - width :]}"


def _ends(role: str, texts: Sequence[str], names: Sequence[str]) -> list[str]:
    return [f"{role}  {name}: {text}" for text, name in zip(texts, names, strict=True)]


def _patches(facts: PatchFacts) -> str:
    kept = "kept from one to the next" if facts.halo == "keep" else "made again"
    streamed = f"; the input comes in rows of {facts.row_bytes:,} B" if facts.row_bytes else ""
    return (
        f"ops {facts.first} to {facts.last} in {facts.patches} patches of rows; rows that two need "
        f"are {kept}: {facts.extra_macs:+,} MACs{streamed}"
    )


def _peak(found: Inspection) -> str:
    number = found.peak_operator
    return f"op {number}" if number >= 0 else "an operator that edgepack added"


def _bound(found: Inspection) -> str:
    """Whether a smaller arena may exist."""
    if found.arena == found.arena_bound:
        return "no plan is smaller"
    return f"no plan goes below {found.arena_bound:,} B"


def bench(r: BenchResult) -> str:
    """One model on one board, a line a figure."""
    from edgepack.report.text import (
        accuracy_text,
        agreement_text,
        estimate_text,
        latency_text,
        number,
    )

    flash, ram = r.memory.flash, r.memory.ram
    emulator = f", emulator {r.provenance.emulator}" if r.provenance.emulator else ""
    estimated = estimate_text(r)
    return "\n".join(
        [
            f"{r.model.name} on {r.board.name} ({r.board.core})",
            f"latency   {latency_text(r)}",
            *([f"estimate  {estimated}"] if estimated else []),
            f"flash     {number(flash.total)} B: weights {number(flash.weights)}, "
            f"tables {number(flash.tables)}, code {number(flash.code)}",
            f"RAM       {number(ram.total)} B: arena {number(ram.arena)} (inputs and outputs "
            f"{number(ram.io)}), state {number(ram.state)}, stack {number(ram.stack_peak)}, "
            f"other {number(ram.other)}",
            f"accuracy  {accuracy_text(r)}",
            f"oracle    {agreement_text(r)}" + (f", {r.agreement.oracle}" if r.agreement else ""),
            f"compiler  {r.provenance.compiler}{emulator}",
        ]
    )
