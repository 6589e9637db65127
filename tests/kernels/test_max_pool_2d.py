from __future__ import annotations

import numpy as np

from tests.kernels.oracle_check import check
from tests.kernels.pool_cases import pool_case

KIND = "MAX_POOL_2D"


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(10)
    check([pool_case(KIND, rng, "int8", n) for n in range(case_count)])


def test_int16(case_count: int) -> None:
    rng = np.random.default_rng(52)
    check([pool_case(KIND, rng, "int16", n) for n in range(case_count)])


def test_float32(case_count: int) -> None:
    rng = np.random.default_rng(11)
    check([pool_case(KIND, rng, "float32", n) for n in range(case_count)])
