"""One self-contained HTML page: verdict, numbers, memory plan, costs, confusion, provenance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import resources

from edgepack.report import front
from edgepack.report.text import (
    STEPS,
    accuracy_text,
    accuracy_where,
    agreement_text,
    header,
    number,
    step_rows,
    summary,
)
from edgepack.results import BenchResult, Confusion, Outcome, PlanRow, StepProfile

PLAN_WIDTH = 960
PLAN_HEIGHT = 360
LEFT = 64
BOTTOM = 28
LINE = 13


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the four numbers."""

    label: str
    value: str
    detail: str


@dataclass(frozen=True, slots=True)
class Box:
    """A buffer in the picture of the memory plan, in user units of the SVG."""

    x: float
    y: float
    width: float
    height: float
    colour: int
    label: str  # empty where there is no room for it
    label_y: float
    detail: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One operator's share of the cost."""

    label: str
    detail: str
    percent: float
    value: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the confusion matrix; `shade` in [0, 1] within its row."""

    count: int
    shade: float
    right: bool


def to_html(outcome: Outcome) -> str:
    """The page, escaped, with styles and pictures inside it and nothing fetched."""
    import jinja2

    template = resources.files("edgepack.report").joinpath("page.html.j2").read_text("utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    main = outcome.results[0]
    return environment.from_string(template).render(
        outcome=outcome,
        main=main,
        tiles=tiles(main),
        header=header(outcome),
        summary=summary(outcome),
        step_header=STEPS,
        steps=step_rows(outcome),
        plots=front.plots(outcome),
        frame={
            "width": front.WIDTH,
            "height": front.HEIGHT,
            "left": front.LEFT,
            "right": front.WIDTH - front.RIGHT,
            "bottom": front.HEIGHT - front.BOTTOM,
        },
        boxes=boxes(main.plan),
        ticks=ticks(main.plan),
        axis=axis(main.plan, main.profile),
        size={"width": PLAN_WIDTH, "height": PLAN_HEIGHT, "left": LEFT, "bottom": BOTTOM},
        bars=bars(main.profile),
        unit=main.latency[0].unit if main.latency else "",
        matrix=matrix(main.confusion),
        confusion=main.confusion,
        number=number,
    )


def tiles(r: BenchResult) -> tuple[Tile, ...]:
    """Accuracy, latency, flash and RAM."""
    flash, ram = r.memory.flash, r.memory.ram
    latency = r.latency[0] if r.latency else None
    stack = "stack not measured" if ram.stack_peak is None else f"stack {number(ram.stack_peak)}"
    return (
        Tile(
            accuracy_where((r,)),
            accuracy_text(r).split(" of ")[0],
            agreement_text(r),
        ),
        Tile(
            f"{latency.unit} an inference" if latency else "latency",
            number(latency.mean) if latency else "-",
            f"{latency.kind}, n = {latency.n}"
            if latency
            else "a host process has none worth reporting",
        ),
        Tile(
            "flash, bytes",
            number(flash.total),
            f"weights {number(flash.weights)}, tables {number(flash.tables)}, "
            f"code {number(flash.code)}",
        ),
        Tile("RAM, bytes", number(ram.total), f"arena {number(ram.arena)}, {stack}"),
    )


def boxes(plan: tuple[PlanRow, ...]) -> tuple[Box, ...]:
    """The plan's buffers as rectangles: steps from left to right, bytes from the bottom up."""
    if not plan:
        return ()
    steps, top = _extent(plan)
    column = (PLAN_WIDTH - LEFT) / steps
    scale = (PLAN_HEIGHT - BOTTOM) / top
    found: list[Box] = []
    for index, row in enumerate(plan):
        box = Box(
            x=round(LEFT + row.first * column, 2),
            y=round((top - row.offset - row.bytes) * scale, 2),
            width=round((row.last - row.first + 1) * column, 2),
            height=round(row.bytes * scale, 2),
            colour=index % 8,
            label=row.label,
            label_y=0.0,
            detail=f"{row.label}: {row.bytes:,} B at {row.offset:,}, "
            f"steps {row.first} to {row.last}",
        )
        found.append(_labelled(box, found))
    return tuple(found)


def _labelled(box: Box, before: list[Box]) -> Box:
    """The box with its label where no other's is, or without one where there is no room."""
    for line in range(int(box.height // LINE)):
        y = round(box.y + (line + 1) * LINE, 2)
        if box.width > 6.2 * len(box.label) and not any(_meet(box, y, other) for other in before):
            return replace(box, label_y=y)
    return replace(box, label="")


def _meet(box: Box, y: float, other: Box) -> bool:
    if not other.label or abs(other.label_y - y) >= LINE:
        return False
    return box.x < other.x + 6.2 * len(other.label) and other.x < box.x + 6.2 * len(box.label)


def ticks(plan: tuple[PlanRow, ...]) -> tuple[tuple[float, str], ...]:
    """Places and labels of the byte axis."""
    if not plan:
        return ()
    _, top = _extent(plan)
    scale = (PLAN_HEIGHT - BOTTOM) / top
    return tuple((round((top - v) * scale, 2), f"{v:,}") for v in (top * k // 4 for k in range(5)))


def axis(
    plan: tuple[PlanRow, ...], profile: tuple[StepProfile, ...]
) -> tuple[tuple[float, str], ...]:
    """Places and labels of the step axis: operator numbers, thinned to what is readable."""
    if not plan:
        return ()
    steps, _ = _extent(plan)
    column = (PLAN_WIDTH - LEFT) / steps
    every = max(1, round(28 / column))
    names = {p.step: str(p.operator) for p in profile}
    return tuple(
        (round(LEFT + (s + 0.5) * column, 2), names.get(s, str(s))) for s in range(0, steps, every)
    )


def bars(profile: tuple[StepProfile, ...]) -> tuple[Bar, ...]:
    """Each kernel call's cost, as a share of the largest."""
    largest = max((p.count for p in profile), default=0) or 1
    total = sum(p.count for p in profile) or 1
    return tuple(
        Bar(
            label=f"{p.operator} {p.kind}",
            detail=f"{p.output}, {p.kernel}"
            + (f", {p.count / p.macs:.2f} a MAC" if p.macs else ""),
            percent=round(100 * p.count / largest, 2),
            value=f"{p.count:,} ({100 * p.count / total:.1f} %)",
        )
        for p in profile
    )


def matrix(confusion: Confusion | None) -> tuple[tuple[Cell, ...], ...]:
    """The confusion matrix, shaded by the share of its row."""
    if confusion is None:
        return ()
    return tuple(
        tuple(
            Cell(count, round(count / (sum(row) or 1), 3), truth == answer)
            for answer, count in enumerate(row)
        )
        for truth, row in enumerate(confusion.counts)
    )


def _extent(plan: tuple[PlanRow, ...]) -> tuple[int, int]:
    return max(r.last for r in plan) + 1, max(r.offset + r.bytes for r in plan)
