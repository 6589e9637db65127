"""Sums and pools as Helium runs them, against the reference interpreter."""

from __future__ import annotations

import numpy as np

from tests.kernels.binary_cases import binary_case, tie_cases
from tests.kernels.emulated import Answer, check_on_board
from tests.kernels.harness import Case
from tests.kernels.pool_cases import pool_case
from tests.tflite_builder import ModelBuilder

BOARD = "mps3-an547"
IMAGE = 40  # cases that fit the board's flash together


def run(cases: list[Case]) -> list[Answer]:
    """The board's answers, checked."""
    parts = [cases[at : at + IMAGE] for at in range(0, len(cases), IMAGE)]
    return [answer for part in parts for answer in check_on_board(BOARD, part)]


def test_add(case_count: int) -> None:
    rng = np.random.default_rng(46)
    cases = [binary_case("ADD", rng, "int8", n) for n in range(case_count)]
    kernels = [kernel for answer in run(cases) for kernel in answer.kernels]
    assert kernels.count("ep_mve_add_s8") > case_count // 4


def test_add_ties() -> None:
    answers = run(tie_cases("ADD", np.random.default_rng(47)))
    assert all("ep_mve_add_s8" in answer.kernels for answer in answers)


def test_average_pool(case_count: int) -> None:
    rng = np.random.default_rng(48)
    cases = [pool_case("AVERAGE_POOL_2D", rng, "int8", n) for n in range(case_count)]
    kernels = [kernel for answer in run(cases) for kernel in answer.kernels]
    assert kernels.count("ep_mve_average_pool_s8") > case_count // 2


def test_large_pools() -> None:
    """One window over the whole image, as large as the reciprocal allows and larger."""
    rng = np.random.default_rng(49)
    cases = []
    for height, width in ((18, 20), (19, 19)):
        builder = ModelBuilder()
        x = builder.tensor((1, height, width, 3), "int8", scale=1.0)
        y = builder.tensor((1, 1, 1, 3), "int8", scale=1.0)
        options = {"filter_height": height, "filter_width": width, "padding": "VALID"}
        builder.operator("AVERAGE_POOL_2D", [x], [y], stride_h=1, stride_w=1, **options)
        values = np.full((6, height, width, 3), -128, np.int8)
        values[1] = 127
        values[2:, :, :, 1] = rng.integers(-128, 128, (4, height, width))
        cases.append(Case(builder.build([x], [y]), [values], label=f"{height}x{width}"))
    answers = run(cases)
    assert ["ep_mve_average_pool_s8" in answer.kernels for answer in answers] == [True, False]
