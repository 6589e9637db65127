"""Accuracy against what it costs: which variants no other one beats in both, and a plot of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgepack.results import BenchResult, Outcome

WIDTH, HEIGHT = 460, 320
LEFT, RIGHT, TOP, BOTTOM = 56, 36, 12, 40  # half a label of seven digits fits at the right
TICKS = 4
CHARACTER = 6.2
LINE = 13
MARK = 7  # from a point's middle to where nothing of it is drawn


@dataclass(frozen=True, slots=True)
class Point:
    """One variant in a plot, in user units of the SVG."""

    x: float
    y: float
    low: float  # ends of the bar of one standard error
    high: float
    front: bool
    label: str  # its place among the variants, and those of points behind it; "" for these
    label_x: float
    label_y: float
    detail: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Accuracy against one figure; `line` joins the front, `ticks` are places and labels."""

    title: str
    points: tuple[Point, ...]
    line: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def cost(result: BenchResult, figure: str) -> float | None:
    """Bytes of flash, or the mean count of the first latency; None where there is none."""
    if figure == "flash":
        return float(result.memory.flash.total)
    return result.latency[0].mean if result.latency else None


def figures(outcome: Outcome) -> tuple[tuple[str, str], ...]:
    """Key and name of each figure that accuracy is set against."""
    latency = outcome.results[0].latency
    return (("flash", "flash"), *((("latency", latency[0].unit),) if latency else ()))


def has_front(outcome: Outcome) -> bool:
    """Whether at least two variants were scored, by the same metric of which more is better."""
    metrics = [r.accuracy.metric for r in outcome.results if r.accuracy is not None]
    return len(metrics) > 1 and len(set(metrics)) == 1


def front_marks(outcome: Outcome) -> tuple[tuple[str, ...], ...]:
    """For each variant the figures against which no other one is better in both."""
    marks: list[list[str]] = [[] for _ in outcome.results]
    for key, name in figures(outcome):
        places = _scored(outcome, key)
        for i in pareto([(x, y) for _, x, y in places]):
            marks[places[i][0]].append(name)
    return tuple(tuple(found) for found in marks)


def pareto(points: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """Indices of the (cost, value) pairs that none beats, cheapest first.

    A pair beats another where it costs no more and is worth no less, and one of both is strict.
    """
    found = [
        i
        for i, (x, y) in enumerate(points)
        if not any(a <= x and b >= y and (a, b) != (x, y) for a, b in points)
    ]
    return tuple(sorted(found, key=lambda i: points[i]))


def plots(outcome: Outcome) -> tuple[Plot, ...]:
    """A plot a figure, where there is a front."""
    if not has_front(outcome):
        return ()
    found = [_plot(outcome, key, name) for key, name in figures(outcome)]
    return tuple(plot for plot in found if plot.points)


def _scored(outcome: Outcome, key: str) -> list[tuple[int, float, float]]:
    """(place, cost, accuracy) of each variant that has both."""
    return [
        (i, price, r.accuracy.value)
        for i, r in enumerate(outcome.results)
        if r.accuracy is not None and (price := cost(r, key)) is not None
    ]


def _plot(outcome: Outcome, key: str, name: str) -> Plot:
    places = _scored(outcome, key)
    errors = [_error(outcome.results[i], value) for i, _, value in places]
    accuracies = [value for _, _, value in places]
    low = min(v - e for v, e in zip(accuracies, errors, strict=True))
    high = max(v + e for v, e in zip(accuracies, errors, strict=True))
    x_ticks = _ticks(0.0, max(price for _, price, _ in places))
    y_ticks = _ticks(low, high)

    def x(value: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * value / x_ticks[-1], 2)

    def y(value: float) -> float:
        span = y_ticks[-1] - y_ticks[0]
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (y_ticks[-1] - value) / span, 2)

    on_front = pareto([(price, value) for _, price, value in places])
    middles = [(x(price), y(value)) for _, price, value in places]
    labels = _labels(
        [(*middle, str(i + 1)) for middle, (i, _, _) in zip(middles, places, strict=True)]
    )
    points = [
        Point(
            *middles[place],
            low=y(value - error),
            high=y(value + error),
            front=place in on_front,
            label=labels[place][0],
            label_x=labels[place][1],
            label_y=labels[place][2],
            detail=f"{outcome.labels[i]}: {value:.4f} +- {error:.4f}, {price:,.0f} {_unit(name)}",
        )
        for place, ((i, price, value), error) in enumerate(zip(places, errors, strict=True))
    ]
    line = " ".join(f"{points[i].x},{points[i].y}" for i in on_front)
    return Plot(
        f"accuracy against {name}",
        tuple(points),
        line,
        tuple((x(v), f"{v:,.0f}") for v in x_ticks),
        tuple((y(v), f"{v:.3g}") for v in y_ticks),
    )


def _unit(name: str) -> str:
    return "B" if name == "flash" else name


def _error(result: BenchResult, value: float) -> float:
    """One standard error of a share of n samples; 0 for other metrics."""
    accuracy = result.accuracy
    if accuracy is None or accuracy.metric != "accuracy" or not accuracy.n:
        return 0.0
    return math.sqrt(max(0.0, value * (1.0 - value)) / accuracy.n)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers that reach from below `low` to above `high`."""
    span = high - low or abs(high) or 1.0
    raw = span / TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(m for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(step * k, 12) for k in range(first, max(last, first + 1) + 1)]


def _labels(points: Sequence[tuple[float, float, str]]) -> list[tuple[str, float, float]]:
    """For each (x, y, text) its label and the label's left end and foot.

    Points that lie upon one another have one label, at the first of them. It stands to the right,
    the left, above or below, where it first hits no other point and no label.
    """
    first: dict[int, list[str]] = {}
    for i, (x, y, text) in enumerate(points):
        under = (j for j in first if math.dist((x, y), points[j][:2]) < MARK)
        first.setdefault(next(under, i), []).append(text)
    found = [("", x, y) for x, y, _ in points]
    taken = [(x - MARK, y - MARK, x + MARK, y + MARK) for x, y, _ in points]
    for i, texts in first.items():
        text = ", ".join(texts)
        x, y, wide = points[i][0], points[i][1], CHARACTER * len(text)
        ways = [(MARK, 4), (-MARK - wide, 4), (-wide / 2, -MARK - 2), (-wide / 2, MARK + LINE - 2)]
        boxes = [(x + dx, y + dy - LINE + 3, x + dx + wide, y + dy) for dx, dy in ways]
        boxes = [b for b in boxes if b[0] >= LEFT and b[2] <= WIDTH] or boxes[:1]
        box = next((b for b in boxes if not any(_overlap(b, other) for other in taken)), boxes[0])
        taken.append(box)
        found[i] = (text, round(box[0], 2), round(box[3], 2))
    return found


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Whether two boxes (left, top, right, bottom) have an inside in common."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
