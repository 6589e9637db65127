from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.costs import fit
from benchmarks.mlperf_tiny import regressions
from benchmarks.nets import NETS, random_net
from benchmarks.nets import regressions as regressions_of_nets
from benchmarks.operators import operator_tables
from benchmarks.tables import PAGES, README, bench_tables, rendered
from edgepack.compiler.lowering import lower
from edgepack.compiler.operators import TABLE
from edgepack.program import LowerSpec

ROOT = README.parent
DOCS = ROOT / "docs"


def figures(instructions: float, flash: int = 100) -> dict[str, Any]:
    return {
        "model": {},
        "latency": [{"mean": instructions}],
        "memory": {
            "ram": {"total": 50, "arena": 40, "stack_peak": 10},
            "flash": {"total": flash, "code": 20, "tables": 5},
        },
    }


def test_over_one_percent_more_is_a_regression() -> None:
    kept = {"mps2-an386": {"kws": figures(1000)}}
    assert regressions(kept, {"mps2-an386": {"kws": figures(1009)}}) == []
    assert regressions(kept, {"mps2-an386": {"kws": figures(1011, 102)}}) == [
        "mps2-an386 kws: instructions 1,000 -> 1,011",
        "mps2-an386 kws: flash 100 -> 102",
    ]
    assert regressions(kept, {"mps2-an386": {"kws": {"failed": "x"}}})


def test_the_tables_show_ratios_to_the_peers() -> None:
    text = bench_tables({"mps2-an386": {"kws": figures(7_224_925), "vww": {"does_not_fit": "x"}}})
    assert "7,224,925 (1.00 of CMSIS-NN, 0.17 of TFLM ref.)" in text
    assert "does not fit" in text
    assert "not run" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_show_boards_and_operators_as_they_are(page: Path) -> None:
    text = page.read_text()
    assert rendered(text) == text


def test_each_operator_is_on_its_page_and_counted_in_the_readme() -> None:
    page = PAGES[1].read_text()
    assert all(f"\n| {kind} | " in page for kind in TABLE)
    assert f"| all types | {len(TABLE)} | " in README.read_text()


LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize(
    "page", [README, *sorted(DOCS.rglob("*.md"))], ids=lambda page: str(page.relative_to(ROOT))
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_page_is_in_the_index_of_its_folder() -> None:
    for index in (DOCS / "README.md", DOCS / "kernels" / "README.md"):
        linked = set(LINK.findall(index.read_text()))
        pages = {page.name for page in index.parent.glob("*.md")} - {index.name}
        assert pages <= linked, pages - linked


def test_the_tables_show_estimated_cycles_with_their_band() -> None:
    cycles = {"kind": "estimated", "unit": "cycles", "mean": 5_180_000, "min": 5e6, "max": 5.36e6}
    result = figures(1)
    result["latency"].append(cycles)
    text = bench_tables({"mps2-an386": {"kws": result}, "mps3-an547": {"kws": figures(1)}})
    assert "5,180 within 3 %; 1.00 of the best published" in text
    assert "no model" in text


def test_each_operator_has_a_row() -> None:
    row = {
        "operator": 3,
        "kind": "CONV_2D",
        "output": "1x8",
        "macs": 200,
        "kernel": "ep_x",
        "count": 150,
    }
    kept = {"mps2-an386:size": {"kws": {"profile": [row, {**row, "macs": 0, "cycles": 1234}]}}}
    text = operator_tables(kept)
    assert "## kws on mps2-an386, size" in text
    assert "| 3 | CONV_2D | 1x8 | 200 | `ep_x` | 150 | 0.75 | - |" in text
    assert "| 3 | CONV_2D | 1x8 | - | `ep_x` | 150 | - | 1,234 |" in text


def test_random_networks_are_checked_like_the_models() -> None:
    kept = {"b": {"net0": {"chosen": {"instructions": 1000, "RAM": 100}}}}
    worse = {"b": {"net0": {"chosen": {"instructions": 1011, "RAM": 100}}}}
    assert regressions_of_nets(kept, kept) == []
    assert regressions_of_nets(kept, worse) == ["b net0: instructions 1,000 -> 1,011"]


def test_a_fit_finds_its_factors() -> None:
    rows = np.random.default_rng(0).uniform(1, 100, (20, 8))
    factors = np.array([3, 0, 0, 7, 1.5, 0, 0, 0.6])
    found = fit(rows, rows @ factors)
    assert np.allclose(found.factors, factors, atol=1e-6)
    assert found.error < 1e-9
    assert (fit(rows, rows @ (factors - 0.01)).factors >= 0).all()


def test_random_networks_are_whole() -> None:
    for seed in range(NETS):
        graph = random_net(seed)
        assert all(t.index == place for place, t in enumerate(graph.tensors))
        assert lower(graph, LowerSpec()).macs > 1000
