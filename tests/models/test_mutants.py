"""Broken models are refused, or become C that is clean and right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgepack.errors import ModelError
from tests.models import fuzz as fuzzing
from tests.models.fuzz import ISAS, Accepted, Found, compiled, fuzz, seeds_in
from tests.tflite_builder import ModelBuilder

FAST_FILES = ("test_moves.py", "test_unary.py", "test_signal.py", "test_state.py", "test_lstm.py")


def scaled_up(data: bytes, name: str) -> None:
    raise ZeroDivisionError(name)


def endless(data: bytes, name: str) -> None:
    while True:
        pass


def greedy(data: bytes, name: str) -> None:
    np.ones(2**31, np.uint8)


def one_add() -> bytes:
    b = ModelBuilder()
    x, y = b.tensor((1, 4), "float32"), b.tensor((1, 4), "float32")
    b.operator("ADD", [x, x], [y])
    return b.build([x], [y])


@pytest.mark.parametrize(
    ("fault", "what"),
    [(scaled_up, "ZeroDivisionError"), (endless, "slower than"), (greedy, "MemoryError")],
)
def test_crashes_hangs_and_hunger_are_found(fault, what, monkeypatch):
    assert isinstance(compiled(one_add(), ISAS[0]), Accepted)
    monkeypatch.setattr(fuzzing, "LIMIT_S", 0.2)
    monkeypatch.setattr(fuzzing, "read_model", fault)
    found = compiled(one_add(), ISAS[0])
    assert isinstance(found, Found)
    assert what in found.text


def test_a_refusal_is_no_find(monkeypatch):
    def refusing(data: bytes, name: str) -> None:
        raise ModelError("tensor 0: it is wrong. Convert the model again.")

    monkeypatch.setattr(fuzzing, "read_model", refusing)
    assert compiled(one_add(), ISAS[0]) is None


def test_some_mutants(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.models.seeds", str(tmp_path), *FAST_FILES]
    subprocess.run(command, check=True, capture_output=True)
    seeds = seeds_in(tmp_path)
    assert len(seeds) > 100
    counts, found = fuzz(seeds, 1000, 8, seed=3)
    assert not found, found[0].text
    assert counts["refused"] > 300
    assert counts["accepted"] > 100
    assert counts["run"] > 4


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_mutants(tmp_path: Path, case_count: int) -> None:
    counts, found = fuzz(seeds_in(tmp_path / "seeds"), 100 * case_count, 2 * case_count)
    fuzzing.write(found, tmp_path / "found")
    assert not found, found[0].text
    assert counts["run"] > case_count
