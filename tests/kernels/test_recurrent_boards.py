"""Recurrent layers and sums give the same bytes on the host and on boards, FPU or not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.emulated import run_on_board
from tests.kernels.harness import Case, run_cases
from tests.kernels.test_conv_3d import conv_case
from tests.kernels.test_int8_totals import add_n_case, cumsum_case
from tests.kernels.test_lstm_int16 import int16_case
from tests.kernels.test_recurrent_layers import basic_case, rnn_case, two_way_case

BOARDS = ("mps2-an386", "mps2-an385-m0", "riscv-virt")


def board_cases() -> list[Case]:
    """A few small ones of each operator."""
    rng = np.random.default_rng(98)
    cases = [rnn_case(rng, "UNIDIRECTIONAL_SEQUENCE_RNN", n) for n in (0, 1, 3)]
    cases += [rnn_case(rng, "BIDIRECTIONAL_SEQUENCE_RNN", n) for n in (0, 5)]
    cases += [two_way_case(rng, n) for n in (0, 2, 7)]
    cases += [basic_case(rng, 0), int16_case(rng, 1), int16_case(rng, 2), conv_case(rng, 5)]
    return [*cases, add_n_case(rng, 3), cumsum_case(rng, 3)]


@pytest.mark.long
@pytest.mark.parametrize("board", BOARDS)
def test_boards_agree_with_the_host(board: str) -> None:
    cases = board_cases()
    for case, answer, want in zip(cases, run_on_board(board, cases), run_cases(cases), strict=True):
        for one, two in zip(answer.outputs, want, strict=True):
            assert one.tobytes() == two.tobytes(), f"{case.label}\n{one}\n{two}"
