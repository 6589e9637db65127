from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.oracle_check import check, float_cases, int8_table_cases

KINDS = ("RELU", "RELU6", "RELU_N1_TO_1")


@pytest.mark.parametrize("kind", KINDS)
def test_int8(kind: str, case_count: int) -> None:
    check(int8_table_cases(kind, np.random.default_rng(1), case_count))


@pytest.mark.parametrize("kind", KINDS)
def test_float32(kind: str, case_count: int) -> None:
    check(float_cases(kind, np.random.default_rng(2), case_count))
