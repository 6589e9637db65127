from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.binary_cases import binary_case, tie_cases
from tests.kernels.oracle_check import check

KIND = "ADD"
RANK = 6


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(12)
    check([binary_case(KIND, rng, "int8", n, RANK) for n in range(case_count)])


@pytest.mark.parametrize("dtype", ["int16", "int32", "int64"])
def test_integers(dtype: str, case_count: int) -> None:
    rng = np.random.default_rng(40)
    rank = 4 if dtype == "int16" else RANK
    check([binary_case(KIND, rng, dtype, n, rank) for n in range(case_count // 2)])


def test_float32(case_count: int) -> None:
    rng = np.random.default_rng(13)
    check([binary_case(KIND, rng, "float32", n, RANK) for n in range(case_count)])


def test_ties() -> None:
    check(tie_cases(KIND, np.random.default_rng(16)))
