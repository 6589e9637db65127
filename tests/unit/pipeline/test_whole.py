from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgepack.config import Budget
from edgepack.errors import UsageError
from edgepack.pipeline.whole import compare, gates
from edgepack.results import BenchResult, Latency, as_json
from tests.unit.report.outcomes import outcome, result


def kept(path: Path, value: object) -> Path:
    path.write_text(json.dumps(as_json(value)))
    return path


def slower(r: BenchResult, factor: float) -> BenchResult:
    (first,) = r.latency
    return replace(r, latency=(replace(first, mean=first.mean * factor),))


def test_compare_finds_what_got_worse_and_only_that(tmp_path: Path) -> None:
    old = kept(tmp_path / "old.json", result())
    new = kept(tmp_path / "new.json", slower(result(), 1.03))
    found = compare(old, new, "2%")
    assert found.regressed
    assert [f.figure for f in found.figures if f.regressed] == ["latency.0.mean"]
    assert not compare(old, new, "4%").regressed
    assert not compare(new, old, "0").regressed


def test_less_accuracy_is_a_regression(tmp_path: Path) -> None:
    good = result()
    assert good.accuracy is not None
    bad = replace(good, accuracy=replace(good.accuracy, value=0.8))
    found = compare(kept(tmp_path / "a", good), kept(tmp_path / "b", bad), "2%")
    assert [f.figure for f in found.figures if f.regressed] == ["accuracy.value"]


def test_a_run_compares_by_its_first_variant(tmp_path: Path) -> None:
    assert compare(kept(tmp_path / "a", outcome()), kept(tmp_path / "b", result())).figures


def test_unlike_results_are_refused(tmp_path: Path) -> None:
    r = result()
    cycles = replace(r, latency=(Latency("measured", "cycles", 1, 1, 1, 1, 1, 1, 1),))
    a, b = kept(tmp_path / "a", r), kept(tmp_path / "b", cycles)
    with pytest.raises(UsageError, match=r"latency.0.unit is 'cycles'"):
        compare(a, b)
    (tmp_path / "c").write_text('{"schema": 2}')
    with pytest.raises(UsageError, match="schema 1"):
        compare(a, tmp_path / "c")
    with pytest.raises(UsageError, match="not a number"):
        compare(a, a, "few")


def test_a_figure_that_is_gone_is_not_passed_over(tmp_path: Path) -> None:
    old, bare = kept(tmp_path / "a", result()), replace(result(), accuracy=None)
    new = kept(tmp_path / "b", bare)
    with pytest.raises(UsageError) as caught:
        compare(old, new)
    assert str(caught.value) == (
        f"{new}: has no accuracy.value, and {old} has it; measure it again, as it was measured then"
    )
    assert not compare(new, old).regressed


def test_gates_of_a_budget() -> None:
    budget = Budget(flash_bytes=33_000, ram_bytes=11_000, instructions=1, accuracy=0.95)
    found = {gate.name: gate.held for gate in gates((result(),), budget)}
    assert found == {
        "kws: answers": True,
        "flash": False,
        "RAM": True,
        "instructions": False,
        "accuracy": False,
    }


def test_a_budget_that_cannot_be_checked_fails() -> None:
    bare = replace(result(latency=False), accuracy=None)
    found = {g.name: g for g in gates((bare,), Budget(instructions=5, accuracy=0.5))}
    assert not found["instructions"].held
    assert "not known on this board" in found["instructions"].detail
    assert not found["accuracy"].held
