"""What a board must show before its file may say `status = "hardware"`.

pytest tests/hardware --board nucleo-l4r5zi [--serial /dev/ttyACM0]
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgepack.board import Board, load_board
from edgepack.pipeline import DeviceSpec, bench, infer, profile, verify
from tests.tflite_builder import pack
from tests.unit.compiler.small_models import cnn

pytestmark = pytest.mark.hardware


@pytest.fixture
def board(request: pytest.FixtureRequest) -> Board:
    return load_board(request.config.getoption("--board"), Path.cwd())


@pytest.fixture
def device(request: pytest.FixtureRequest) -> DeviceSpec:
    return DeviceSpec(port=request.config.getoption("--serial"), samples=20)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(pack(cnn()))
    return path


def test_figures(model: Path, board: Board, device: DeviceSpec) -> None:
    result = bench(model, board, device=device)
    assert result.agreement is not None
    assert result.agreement.bit_exact, result.agreement.first_difference
    assert result.memory.ram.stack_peak
    assert result.latency[0].min > 0
    assert result.latency[0].max < 1.5 * result.latency[0].min


def test_profile_adds_up_to_the_bench(model: Path, board: Board, device: DeviceSpec) -> None:
    whole = bench(model, board, device=device).latency[0].mean
    parts = sum(step.count for step in profile(model, board, device=device).steps)
    assert 0.5 * whole < parts < 1.5 * whole


def test_every_tensor(model: Path, board: Board, device: DeviceSpec) -> None:
    rows = verify(model, board, device=device, layers=True).layers
    assert rows
    assert [row for row in rows if not row.equal] == []


def test_a_board_can_be_flashed_again(
    model: Path, board: Board, device: DeviceSpec, tmp_path: Path
) -> None:
    np.savez(tmp_path / "x.npz", x=np.zeros((2, 8, 8, 1), np.int8))
    for name in ("a", "b"):
        infer(model, board, tmp_path / "x.npz", tmp_path / f"{name}.npz", device=device)
    with np.load(tmp_path / "a.npz") as a, np.load(tmp_path / "b.npz") as b:
        assert (a["y0"] == b["y0"]).all()
