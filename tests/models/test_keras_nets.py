"""Random Keras networks in every way of conversion, against the reference interpreter."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models.keras_nets import FAMILIES
from tests.models.whole import check_models

ROOT = Path(__file__).resolve().parents[2]
BATCH = 14  # networks a process of TensorFlow makes, and models an image holds
NEEDS_KERAS = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)


def networks(folder: Path, first: int, count: int) -> list[tuple[str, bytes]]:
    """The files of `count` seeds from `first` on.

    TensorFlow stays in a process of its own, where a conversion may kill it: the next one skips
    what the last one died of.
    """
    command = [sys.executable, "-m", "tests.models.keras_nets", str(folder), str(first), str(count)]
    for _ in range(BATCH):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=900, check=False)
        if done.returncode >= 0:
            break
    assert done.returncode == 0, done.stderr[-2000:]
    return [(path.name, path.read_bytes()) for path in sorted(folder.glob("*.tflite"))]


@NEEDS_KERAS
def test_one_network_of_each_family(tmp_path: Path) -> None:
    models = networks(tmp_path, 0, len(FAMILIES))
    assert len(models) > 4 * len(FAMILIES)
    outcome = check_models(models, ("host", "mps2-an386"))
    assert not outcome.refused
    assert len(outcome.unanswered) <= len(models) // 10, outcome.unanswered


@NEEDS_KERAS
@pytest.mark.long
def test_many_networks(tmp_path: Path, case_count: int) -> None:
    refused, unanswered, count = [], [], 0
    for first in range(len(FAMILIES), len(FAMILIES) + case_count, BATCH):
        folder = tmp_path / str(first)
        folder.mkdir()
        models = networks(folder, first, BATCH)
        outcome = check_models(models, ("host", "mps2-an386", "riscv-virt"))
        refused += outcome.refused
        unanswered += outcome.unanswered
        count += len(models)
    assert not refused
    assert len(unanswered) <= count // 5, unanswered
