from __future__ import annotations

import numpy as np

from tests.kernels.oracle_check import check, float_cases, int8_table_cases


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(1)
    cases = int8_table_cases("HARD_SWISH", rng, case_count)
    check(cases + int8_table_cases("HARD_SWISH", rng, case_count // 2, ratio=(-2.0, 6.0)))


def test_float32(case_count: int) -> None:
    check(float_cases("HARD_SWISH", np.random.default_rng(2), case_count))
