"""Results as Markdown, CSV and JUnit XML."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from xml.etree import ElementTree

from edgepack.report.front import front_marks, has_front
from edgepack.results import BenchResult, Outcome

COLUMNS = (
    "variant",
    "model",
    "board",
    "core",
    "kind",
    "unit",
    "latency",
    "flash",
    "weights",
    "tables",
    "code",
    "ram",
    "arena",
    "stack",
    "metric",
    "accuracy",
    "reference",
    "samples",
    "bit_exact",
    "compiler",
)


def number(value: float | None) -> str:
    """A count with thin grouping, or a dash for none."""
    return "-" if value is None else f"{round(value):,}"


def accuracy_text(result: BenchResult) -> str:
    """`83.1 % of 1,204` or a dash."""
    a = result.accuracy
    if a is None:
        return "-"
    value = f"{100 * a.value:.1f} %" if a.metric == "accuracy" else f"{a.metric} {a.value:.4f}"
    return f"{value} of {a.n:,}"


def estimate_text(result: BenchResult) -> str:
    """`1,234 cycles (1,100 to 1,400), 49.4 us at 25 MHz, estimated: MODEL`, or ''."""
    found = {v.unit: v for v in result.latency if v.kind == "estimated"}
    if "cycles" not in found:
        return ""
    cycles, clock = found["cycles"], result.board.clock_hz / 1e6
    time = f", {number(found['us'].mean)} us at {clock:g} MHz" if "us" in found else ""
    band = f"{number(cycles.min)} to {number(cycles.max)}"
    return f"{number(cycles.mean)} cycles ({band}){time}, estimated: {cycles.model}"


def latency_text(result: BenchResult) -> str:
    """`1,234,567 instructions (emulated), 2,345,678 cycles (estimated)`; a dash for a host."""
    if not result.latency:
        return "-"
    shown = [v for v in result.latency if v is result.latency[0] or v.unit == "cycles"]
    return ", ".join(f"{number(v.mean)} {v.unit} ({v.kind})" for v in shown)


def agreement_text(result: BenchResult) -> str:
    """Whether the device answered what the oracle answers, and on how many samples."""
    a = result.agreement
    if a is None:
        return "not compared"
    if a.bit_exact:
        return f"bit-exact on {a.n:,} samples"
    bound = "" if a.bound_ulp is None else f", bound {a.bound_ulp}"
    verdict = "within" if a.holds else "NOT within"
    return f"{a.max_ulp} ulp{bound}: {verdict} on {a.n:,} samples"


def rows(outcome: Outcome) -> list[dict[str, object]]:
    """One flat record a variant."""
    return [_row(label, r) for label, r in zip(outcome.labels, outcome.results, strict=True)]


def _row(label: str, r: BenchResult) -> dict[str, object]:
    latency = r.latency[0] if r.latency else None
    flash, ram = r.memory.flash, r.memory.ram
    values = (
        label,
        r.model.name,
        r.board.name,
        r.board.core,
        r.board.kind,
        latency.unit if latency else "",
        latency.mean if latency else "",
        flash.total,
        flash.weights,
        flash.tables,
        flash.code,
        ram.total,
        ram.arena,
        "" if ram.stack_peak is None else ram.stack_peak,
        r.accuracy.metric if r.accuracy else "",
        r.accuracy.value if r.accuracy else "",
        r.accuracy.reference_value if r.accuracy else "",
        r.accuracy.n if r.accuracy else "",
        r.agreement.bit_exact if r.agreement else "",
        r.provenance.compiler,
    )
    return dict(zip(COLUMNS, values, strict=True))


def to_csv(outcome: Outcome) -> str:
    """One line a variant, under a header."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(outcome))
    return buffer.getvalue()


COSTS = ("flash B", "RAM B", "latency", "against the oracle")
FRONT = "best against"
MOST_GATES = 3
STEPS = ("step", "asked", "bytes", "before", "after", "scored on")


def header(outcome: Outcome) -> tuple[str, ...]:
    """The columns of `summary`; the last one says who is on the front, where there is one."""
    columns = ("variant", accuracy_where(outcome.results), *COSTS)
    return (*columns, FRONT) if has_front(outcome) else columns


def accuracy_where(results: Sequence[BenchResult]) -> str:
    """Whose answers the accuracies are of, as a heading."""
    elsewhere = any(r.accuracy and r.accuracy.kind != r.board.kind for r in results)
    return "accuracy (host)" if elsewhere else "accuracy on the board"


def summary(outcome: Outcome) -> list[tuple[str, ...]]:
    """The table that a person reads: one row a variant, under `header`."""
    rows: list[tuple[str, ...]] = [
        (
            label,
            accuracy_text(r),
            number(r.memory.flash.total),
            number(r.memory.ram.total),
            latency_text(r),
            agreement_text(r),
        )
        for label, r in zip(outcome.labels, outcome.results, strict=True)
    ]
    if not has_front(outcome):
        return rows
    marks = front_marks(outcome)
    return [(*row, ", ".join(marks[i]) or "-") for i, row in enumerate(rows)]


def step_rows(outcome: Outcome) -> list[tuple[str, ...]]:
    """The recipe's steps, under `STEPS`."""
    return [
        (
            s.step,
            s.asked or "-",
            number(s.bytes),
            _score(s.metric, s.before),
            _score(s.metric, s.after),
            f"{s.n:,}" if s.n else "-",
        )
        for s in outcome.steps
    ]


def _score(metric: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{100 * value:.1f} %" if metric == "accuracy" else f"{metric} {value:.4f}"


def gate_lines(outcome: Outcome) -> list[str]:
    """What had to hold, a line each; many answers that all agree are one line."""
    agreed = [g for g in outcome.gates if g.held and ": answers" in g.name]
    joined = agreed if len(agreed) > MOST_GATES else []
    lines = [
        f"{'ok    ' if gate.held else 'FAILED'} {gate.name}: {gate.detail}"
        for gate in outcome.gates
        if gate not in joined
    ]
    if joined:
        lines.append(f"ok     answers: {len(joined)} comparisons hold; the report lists them")
    return lines


def to_markdown(outcome: Outcome) -> str:
    """Verdict, table, gates and provenance."""
    verdict = "PASS" if outcome.passed else "FAIL"
    lines = [f"# {_escape(outcome.title)}: {verdict}", ""]
    if outcome.steps:
        lines += [*_table(STEPS, step_rows(outcome)), ""]
    lines += [*_table(header(outcome), summary(outcome)), ""]
    lines += [f"- {_escape(note)}" for note in outcome.notes]
    for gate in outcome.gates:
        lines.append(
            f"- {'ok' if gate.held else 'FAILED'}: {_escape(gate.name)}: {_escape(gate.detail)}"
        )
    first = outcome.results[0].provenance
    lines += ["", f"Compiler {first.compiler}; kernels {first.kernels}."]
    if first.emulator:
        lines.append(f"Emulated by {first.emulator}: instructions, not time.")
    return "\n".join(lines) + "\n"


def to_junit(outcome: Outcome) -> str:
    """One test case a gate, for CI servers."""
    failures = sum(not gate.held for gate in outcome.gates)
    suite = ElementTree.Element(
        "testsuite",
        name="edgepack",
        tests=str(len(outcome.gates)),
        failures=str(failures),
        errors="0",
    )
    for gate in outcome.gates:
        case = ElementTree.SubElement(
            suite, "testcase", classname=_xml(outcome.title), name=_xml(gate.name)
        )
        if not gate.held:
            failure = ElementTree.SubElement(case, "failure", message=_xml(gate.detail))
            failure.text = _xml(gate.detail)
    ElementTree.indent(suite)
    text = ElementTree.tostring(suite, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [_line(columns), _line(["---"] * len(columns)), *(_line(row) for row in rows)]


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(_escape(cell) for cell in cells) + " |"


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _xml(text: str) -> str:
    return "".join(c if c >= " " or c in "\t\n" else "?" for c in text)
