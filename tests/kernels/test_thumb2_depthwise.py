from __future__ import annotations

from tests.kernels.test_rv32_depthwise import cases
from tests.kernels.variant_check import check_twins, check_variant

BOARD = "mps2-an385"


def test_int8(case_count: int) -> None:
    found = check_variant(BOARD, cases(63, 2 * case_count))
    assert found["ep_paired_3x3_s8"] > case_count // 4


def test_twins_in_c(case_count: int) -> None:
    check_twins("thumb2", cases(64, 2 * case_count))
