"""Progress where there is no terminal: a line a quarter, and a time that is of this count."""

from __future__ import annotations

import pytest

from edgepack.cli import show


def test_a_count_that_starts_again_has_its_own_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter(float(t) for t in (0, 4, 8, 1000, 1004, 1008))
    monkeypatch.setattr(show.time, "monotonic", lambda: next(clock))
    with show.progress(quiet=False) as tell:
        for _ in range(2):
            for done in (0, 4, 8):
                tell("quantize: calibrating", done, 8)
    lines = ["quantize: calibrating: 0/8", "quantize: calibrating: 4/8, 4 s left"]
    assert capsys.readouterr().err.splitlines() == [*lines, "quantize: calibrating: 8/8"] * 2
