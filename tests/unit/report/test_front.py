"""The front of accuracy against cost, in words and as a plot."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepack.report import report_tree
from edgepack.report.front import HEIGHT, WIDTH, front_marks, has_front, pareto, plots
from edgepack.results import Accuracy, BenchResult, Outcome, StepResult
from tests.unit.report.outcomes import NASTY, result

PAIRS = st.lists(
    st.tuples(st.integers(0, 20).map(float), st.integers(0, 20).map(float)), min_size=1, max_size=12
)


def measured(accuracy: float, flash: int, count: float, n: int = 400) -> BenchResult:
    r = result()
    memory = replace(r.memory, flash=replace(r.memory.flash, total=flash))
    latency = (replace(r.latency[0], mean=count),)
    return replace(
        r, memory=memory, latency=latency, accuracy=Accuracy("host", "accuracy", accuracy, n, None)
    )


def outcome(*results: BenchResult) -> Outcome:
    labels = tuple(f"{NASTY} {i}" for i in range(len(results)))
    return Outcome("recipes", labels, results, (), notes=(f"note {NASTY}",))


@given(PAIRS)
def test_nobody_beats_the_front_and_somebody_beats_the_rest(
    pairs: list[tuple[float, float]],
) -> None:
    front = pareto(pairs)
    assert front

    def beaten(i: int) -> bool:
        x, y = pairs[i]
        return any(a <= x and b >= y and (a < x or b > y) for a, b in pairs)

    for i in range(len(pairs)):
        assert beaten(i) == (i not in front)
    assert [pairs[i][0] for i in front] == sorted(pairs[i][0] for i in front)


def test_each_variant_is_told_where_it_is_best() -> None:
    found = outcome(measured(0.9, 1000, 5e6), measured(0.95, 2000, 4e6), measured(0.94, 3000, 6e6))
    assert front_marks(found) == (("flash",), ("flash", "instructions"), ())
    text = report_tree(found).files["report.md"].decode()
    assert "best against" in text
    assert "note &lt;script>" in text


def test_without_two_scores_there_is_no_front() -> None:
    alone = outcome(measured(0.9, 1000, 5e6), replace(measured(0.9, 900, 1e6), accuracy=None))
    assert not has_front(alone)
    assert plots(alone) == ()
    assert "best against" not in report_tree(alone).files["report.md"].decode()


@pytest.mark.parametrize("same", [False, True])
def test_points_lie_in_the_plot_and_labels_name_them_all(same: bool) -> None:
    rows = [(0.9, 1000, 5e6), (0.95, 2000, 4e6), (0.94, 2000, 6e6), (0.1, 90_000, 9e9)]
    found = outcome(*(measured(*(rows[0] if same else row)) for row in rows))
    drawn = plots(found)
    assert [plot.title for plot in drawn] == [
        "accuracy against flash",
        "accuracy against instructions",
    ]
    for plot in drawn:
        assert len(plot.points) == 4
        named = [name for p in plot.points if p.label for name in p.label.split(", ")]
        assert sorted(named) == ["1", "2", "3", "4"]
        for p in plot.points:
            assert 0 <= p.x <= WIDTH
            assert 0 <= p.high <= p.y <= p.low <= HEIGHT
        ordered = sorted(plot.points, key=lambda p: p.y)
        assert ordered[0].detail.startswith(f"{NASTY} ")
    assert len(drawn[0].line.split()) == (4 if same else 2)


def test_more_accurate_is_higher_and_cheaper_is_further_left() -> None:
    low, high = plots(outcome(measured(0.8, 3000, 5e6), measured(0.9, 1000, 4e6)))[0].points
    assert high.y < low.y
    assert high.x < low.x
    assert (high.front, low.front) == (True, False)


def test_the_page_escapes_steps_notes_and_plots() -> None:
    found = replace(
        outcome(measured(0.9, 1000, 5e6), measured(0.8, 500, 5e6)),
        steps=(StepResult("prune", NASTY, 10, "accuracy", 0.9, 0.85, 400),),
    )
    page = report_tree(found).files["report.html"].decode()
    assert "<script>" not in page
    assert page.count('class="front"') == 2
    for start in (page.index('<svg class="front"'), page.rindex('<svg class="front"')):
        svg = page[start : page.index("</svg>", start) + 6]
        assert len(ElementTree.fromstring(svg).findall("circle")) == 2


def test_labels_lie_beside_their_points_and_on_no_other() -> None:
    rows = [(0.80 + 0.02 * (i % 3), 1000 + 60 * i, 5e6) for i in range(9)]
    for plot in plots(outcome(*(measured(*row) for row in rows), measured(0.5, 4000, 9e6))):
        for p in (p for p in plot.points if p.label):
            assert 0 <= p.label_x <= WIDTH - 6 * len(p.label)
            assert abs(p.label_y - p.y) <= 20
            for other in plot.points:
                inside = p.label_x < other.x < p.label_x + 6 * len(p.label)
                assert not (inside and p.label_y - 10 < other.y < p.label_y)


def test_accuracies_are_said_to_be_the_hosts_where_they_are() -> None:
    of_host = outcome(measured(0.9, 1000, 5e6))
    of_board = outcome(replace(result(), accuracy=Accuracy("emulated", "accuracy", 0.9, 10, None)))
    assert "| accuracy (host) |" in report_tree(of_host).files["report.md"].decode()
    assert "| accuracy on the board |" in report_tree(of_board).files["report.md"].decode()
