"""State that a device carries from sample to sample survives what happens to the line."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgepack.device.bench import run_samples
from edgepack.device.exchange import DeviceReset
from edgepack.device.session import Inference

X = np.arange(1, 6, dtype=np.int8).reshape(5, 1)


class Summing:
    """A device that answers the sum of all it was ever given; it restarts before some calls."""

    def __init__(self, restarts: tuple[int, ...] = ()) -> None:
        tensor = SimpleNamespace(name="x", bytes=1, type=9, scale=1.0, zero_point=0)
        self.hello = SimpleNamespace(
            inputs=(tensor,), outputs=(tensor,), board="b", model_sha256="m", firmware_identity="f"
        )
        self.restart: Any = None
        self.restarts, self.calls = restarts, 0
        self.sum = 77  # what an earlier session left

    def init_state(self) -> None:
        self.sum = 0

    def recover(self) -> None:
        pass

    def infer(self, inputs: list[bytes]) -> Inference:
        self.calls += 1
        if self.calls in self.restarts:
            self.sum = 0
            raise DeviceReset("it restarted")
        self.sum += inputs[0][0]
        return Inference((bytes([self.sum]),), 1)


def answers(device: Summing, **options: Any) -> list[int]:
    found = run_samples(device, [X], **options)  # type: ignore[arg-type]
    return [int(v) for v in found.outputs[0].ravel()]


@pytest.mark.parametrize("restarts", [(), (1,), (4,), (3, 5), (2, 3, 4, 5)])
def test_what_a_restart_loses_is_made_again(restarts: tuple[int, ...]) -> None:
    assert answers(Summing(restarts), stateful=True) == [1, 3, 6, 10, 15]


def test_each_sample_by_itself() -> None:
    assert answers(Summing((2,)), stateful=True, init_each=True) == [1, 2, 3, 4, 5]


def test_warm_ups_leave_nothing_behind() -> None:
    assert answers(Summing(), stateful=True, warmups=2) == [1, 3, 6, 10, 15]


def test_a_journal_that_is_resumed_begins_with_the_samples_before(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    device = Summing()

    def stop(done: int, of: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answers(device, stateful=True, journal=journal, progress=stop)
    assert answers(Summing(), stateful=True, journal=journal, resume=True) == [1, 3, 6, 10, 15]
