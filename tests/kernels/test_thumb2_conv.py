from __future__ import annotations

from tests.kernels.test_rv32_conv import cases
from tests.kernels.variant_check import check_twins, check_variant

BOARD = "mps2-an385"
KERNELS = {
    "ep_swar_1x1_s8",
    "ep_swar_1x1_signed_s8",
    "ep_swar_conv_s8",
    "ep_swar_conv_signed_s8",
}


def test_int8(case_count: int) -> None:
    found = check_variant(BOARD, cases(53, case_count))
    assert set(found) >= KERNELS


def test_twins_in_c(case_count: int) -> None:
    check_twins("thumb2", cases(54, case_count))
