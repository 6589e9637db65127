"""An estimate is printed apart, with its band and its model, and changes no other figure."""

from __future__ import annotations

from dataclasses import replace

from edgepack.report.text import estimate_text, latency_text
from edgepack.results import Latency
from tests.unit.report.outcomes import result

CYCLES = Latency("estimated", "cycles", 1, 2e6, 2e6, 2e6, 2e6, 1.5e6, 2.5e6, "a manual")
TIME = Latency("estimated", "us", 1, 8e4, 8e4, 8e4, 8e4, 6e4, 1e5, "a manual")


def test_cycles_band_time_and_model_are_named() -> None:
    plain = result()
    found = replace(plain, latency=(*plain.latency, CYCLES, TIME))
    assert estimate_text(found) == (
        "2,000,000 cycles (1,500,000 to 2,500,000), 80,000 us at 25 MHz, estimated: a manual"
    )
    assert latency_text(found) == f"{latency_text(plain)}, 2,000,000 cycles (estimated)"


def test_without_a_clock_there_is_no_time_and_without_an_estimate_nothing() -> None:
    plain = result()
    alone = replace(plain, latency=(*plain.latency, CYCLES))
    assert estimate_text(alone) == "2,000,000 cycles (1,500,000 to 2,500,000), estimated: a manual"
    assert estimate_text(plain) == ""
    measured = replace(CYCLES, kind="measured")
    assert estimate_text(replace(plain, latency=(measured,))) == ""
