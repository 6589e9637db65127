"""Models with state, from call to call, on the host and on emulated boards."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.recurrent import FEATURES, FRAMES, LSTM_FEATURES, lstm_words, svdf_words
from tests.kernels.emulated import check_on_board
from tests.kernels.harness import Case
from tests.kernels.oracle_check import check
from tests.kernels.test_batch_matmul import matmul_case
from tests.kernels.test_hybrid import conv_case, dense_case
from tests.kernels.test_lstm import lstm_case
from tests.kernels.test_svdf import hybrid_case, svdf_case
from tests.kernels.test_transpose_conv import transpose_case

BOARDS = ("mps2-an386", "mps3-an547", "microbit", "riscv-virt")


def words() -> list[Case]:
    rng = np.random.default_rng(95)
    frames = rng.integers(-128, 128, (12, FEATURES)).astype(np.int8)
    sequences = rng.integers(-128, 128, (3, FRAMES, LSTM_FEATURES)).astype(np.int8)
    return [
        Case(svdf_words(), [frames], label="SVDF", optimise=True),
        Case(lstm_words(), [sequences], label="LSTM", optimise=True),
    ]


def test_the_models_of_the_bench() -> None:
    check(words())
    assert svdf_words() == svdf_words()
    assert lstm_words() == lstm_words()


def layers() -> list[Case]:
    """One of each kernel whose answers are exact."""
    rng = np.random.default_rng(96)
    return [
        *(matmul_case(rng, dtype, 2) for dtype in ("int8", "int16", "float32")),
        *(transpose_case(rng, dtype, 2) for dtype in ("int8", "int16", "float32")),
        svdf_case(rng, "int8", "int16", 1),
        svdf_case(rng, "float32", "float32", 1),
        hybrid_case(rng, 1),
        lstm_case(rng, "int8", 1),
        dense_case(rng, 1),
        conv_case(rng, "CONV_2D", 1),
        conv_case(rng, "DEPTHWISE_CONV_2D", 1),
    ]


@pytest.mark.long
@pytest.mark.parametrize("board", BOARDS)
def test_boards(board: str) -> None:
    check_on_board(board, [*words(), *layers()])
