"""Multipliers that are powers of two, as Cortex-M4 runs them, against the reference interpreter."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgepack.board import load_board
from edgepack.compiler.variants import dsp_shift
from tests.kernels import emulated
from tests.kernels.sparse_cases import by, kernels_of
from tests.kernels.test_dsp_depthwise import random_layer
from tests.kernels.weighted_cases import quantised_case

BOARD = "mps2-an386"
KERNELS = ("ep_planes_3x3_shift_s8", "ep_planes_3x3_signed_s8")


def test_depthwise_layers(case_count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(97)
    cases = []
    for number in range(4 * case_count):
        layer = random_layer(rng, number)
        gain = 2.0 ** rng.uniform(-3, 1)
        layer = dataclasses.replace(layer, power_of_two=True, gain=gain, extreme=number % 5 == 0)
        cases.append(quantised_case(rng, layer))
    isa = set(load_board(BOARD).isa)
    offered = [kernels_of(case, isa) for case in cases]
    for kernel in KERNELS:
        own = [case for case, names in zip(cases, offered, strict=True) if kernel in names]
        own = own[: max(6, case_count // 8)]
        assert len(own) > 5, f"{kernel} is hardly offered"
        monkeypatch.setattr(emulated, "lowered", by({kernel}))
        answers = emulated.check_on_board(BOARD, own)
        assert all(kernel in answer.kernels for answer in answers)


def test_other_multipliers_are_not_shifted(case_count: int) -> None:
    rng = np.random.default_rng(98)
    isa = set(load_board(BOARD).isa)
    for number in range(case_count):
        case = quantised_case(rng, random_layer(rng, number))
        assert not kernels_of(case, isa).intersection(KERNELS)


@pytest.mark.parametrize("shift", dsp_shift.SHIFTS)
def test_one_shift_is_both_roundings(shift: int) -> None:
    sums = np.arange(-(2**14), 2**14, dtype=np.int64)
    first = (sums * 2**30 + 2**30) >> 31
    mask = (1 << shift) - 1
    beyond = (first & mask) > (mask >> 1) + (first < 0)
    wanted = (first >> shift) + beyond
    more = dsp_shift.added(0, np.array(shift))
    assert np.array_equal((sums + more - 2 * (sums < 0)) >> (shift + 1), wanted)
