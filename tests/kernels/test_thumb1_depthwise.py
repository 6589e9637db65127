from __future__ import annotations

from tests.kernels.test_rv32_depthwise import cases
from tests.kernels.variant_check import check_twins, check_variant

BOARD = "mps2-an385-m0"


def test_int8(case_count: int) -> None:
    found = check_variant(BOARD, cases(61, 2 * case_count))
    assert found["ep_paired_3x3_s8"] > case_count // 4


def test_twins_in_c(case_count: int) -> None:
    check_twins("thumb1", cases(62, 2 * case_count))
