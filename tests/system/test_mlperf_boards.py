"""The four MLPerf Tiny models give the oracle's bits on every board they fit."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from edgepack.board import load_board
from edgepack.errors import GateError
from edgepack.pipeline import DeviceSpec, bench, infer, verify
from tests.system.mlperf import MODELS, model_path, require_board, write_samples

BOARDS = (
    "host",
    "mps2-an385",
    "mps2-an386",
    "mps2-an500",
    "mps2-an505",
    "mps3-an547",
    "microbit",
    "mps2-an385-m0",
    "netduinoplus2",
    "riscv-virt",
)
TOO_LARGE = {("ad01", "microbit"), ("resnet8", "microbit"), ("vww", "microbit")}
ONE_A_CORE = (
    "mps2-an385-m0",
    "mps2-an385",
    "mps2-an386",
    "mps2-an500",
    "mps2-an505",
    "mps3-an547",
    "riscv-virt",
)


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", sorted(MODELS))
def test_ten_samples_are_bit_exact(name: str, board: str, tmp_path: Path) -> None:
    model = model_path(name)
    require_board(board)
    data = write_samples(name, tmp_path / "d.npz", 10)
    if (name, board) in TOO_LARGE:
        with pytest.raises(GateError, match="microbit"):
            bench(model, load_board(board), device=DeviceSpec(data=data))
        return
    result = bench(model, load_board(board), device=DeviceSpec(data=data))
    assert result.agreement is not None
    assert result.agreement.bit_exact, result.agreement.first_difference
    assert result.agreement.n == 10
    assert len(result.latency) == (0 if board == "host" else 1)


@pytest.mark.parametrize(
    ("name", "board"),
    [("kws", "mps2-an386"), ("resnet8", "riscv-virt"), ("vww", "mps3-an547"), ("ad01", "host")],
)
def test_every_tensor_is_bit_exact(name: str, board: str) -> None:
    model = model_path(name)
    require_board(board)
    result = verify(model, load_board(board), device=DeviceSpec(samples=1), layers=True)
    assert result.layers
    wrong = [f"op {r.operator} {r.kind}: {r.differing}" for r in result.layers if not r.equal]
    assert wrong == []


def test_infer_writes_what_the_board_answers(tmp_path: Path) -> None:
    model = model_path("kws")
    require_board("mps2-an386")
    data = write_samples("kws", tmp_path / "d.npz", 3)
    infer(model, load_board("mps2-an386"), data, tmp_path / "y.npz")
    with np.load(tmp_path / "y.npz") as answers:
        assert answers["y0"].shape == (3, 12)
        assert answers["y0"].dtype == np.int8


def quick_emulator(board: str) -> str | None:
    """unicorn where it can play the board: its serial line is far faster than QEMU's."""
    plays = load_board(board).unicorn is not None and importlib.util.find_spec("unicorn")
    return "unicorn" if plays else None


@pytest.mark.long
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("board", ONE_A_CORE)
@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_whole_evaluation_set(name: str, board: str, tmp_path: Path) -> None:
    model = model_path(name)
    require_board(board)
    data = write_samples(name, tmp_path / "d.npz")
    metric = "auc" if name == "ad01" else "accuracy"
    device = DeviceSpec(data=data, metric=metric, emulator=quick_emulator(board))
    result = bench(model, load_board(board), device=device)
    assert result.agreement is not None
    assert result.accuracy is not None
    assert result.agreement.bit_exact, result.agreement.first_difference
    assert result.accuracy.value == result.accuracy.reference_value
    floors = {"ad01": 0.8, "kws": 0.88, "resnet8": 0.8, "vww": 0.8}
    assert result.accuracy.value > floors[name]
