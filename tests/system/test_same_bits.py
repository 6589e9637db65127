"""Floats are the same bits on the host, with an FPU and without one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from edgepack.board import load_board
from edgepack.pipeline.device import infer
from tests.kernels.oracle_check import float_sweep
from tests.system.mlperf import require_board
from tests.tflite_builder import ModelBuilder

ELEMENTS = 256
STEPS = (
    ("SOFTMAX", {"beta": 1.0}),
    ("LOGISTIC", {}),
    ("TANH", {}),
    ("HARD_SWISH", {}),
    ("LEAKY_RELU", {"alpha": 0.2}),
)


def float_model() -> bytes:
    """Every function of reals on one input, and the way to int8 and back."""
    builder = ModelBuilder()
    x = builder.tensor((1, ELEMENTS), "float32")
    outputs = []
    for kind, options in STEPS:
        outputs.append(builder.tensor((1, ELEMENTS), "float32"))
        builder.operator(kind, [x], outputs[-1:], **options)
    outputs.append(builder.tensor((1, ELEMENTS), "int8", scale=0.05, zero_point=3))
    builder.operator("QUANTIZE", [x], outputs[-1:])
    outputs.append(builder.tensor((1, ELEMENTS), "float32"))
    builder.operator("DEQUANTIZE", outputs[-2:-1], outputs[-1:])
    return builder.build([x], outputs)


def samples() -> np.ndarray:
    """[n, ELEMENTS]: all magnitudes, subnormals among them, and the range in which models work."""
    sweep = float_sweep(2**32 // (8 * ELEMENTS))
    sweep = sweep[np.abs(sweep) < 1e30]
    rows = len(sweep) // ELEMENTS
    near = np.random.default_rng(1).standard_normal((3, ELEMENTS)) * 5
    return np.concatenate([sweep[: rows * ELEMENTS].reshape(rows, -1), near]).astype(np.float32)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("bits")
    (folder / "model.tflite").write_bytes(float_model())
    np.savez(folder / "x.npz", x0=samples())

    @cache
    def of(board: str) -> dict[str, bytes]:
        output = folder / f"{board}.npz"
        require_board(board)
        infer(folder / "model.tflite", load_board(board), folder / "x.npz", output)
        with np.load(output) as file:
            return {name: file[name].tobytes() for name in file.files}

    return of


LATER = [pytest.param(name, marks=pytest.mark.long) for name in ("riscv-virt", "mps3-an547")]


@pytest.mark.parametrize("board", ["mps2-an386", "mps2-an385-m0", *LATER])
def test_same_bits(board: str, answers) -> None:
    assert answers(board) == answers("host")
