from __future__ import annotations

import numpy as np

from tests.kernels.oracle_check import check, float_cases, int8_table_cases

ALPHAS = (0.2, 0.01, 0.0, 1.0, 1.5, -0.5)


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(1)
    count = -(-case_count // len(ALPHAS))
    check([c for a in ALPHAS for c in int8_table_cases("LEAKY_RELU", rng, count, alpha=a)])


def test_float32(case_count: int) -> None:
    rng = np.random.default_rng(2)
    count = -(-case_count // len(ALPHAS))
    check([c for a in ALPHAS for c in float_cases("LEAKY_RELU", rng, count, alpha=a)])
