from __future__ import annotations

from typing import Any

from benchmarks.mlperf_tiny import regressions
from benchmarks.tables import README, bench_tables, rendered


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


def test_the_readme_shows_the_boards_and_operators_as_they_are() -> None:
    text = README.read_text()
    assert rendered(text) == text
