from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.operators import TABLE
from tests.kernels.oracle_check import check, float_cases, float_sweep, unary_case

EVERY = np.arange(-128, 128).astype(np.int8)


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(1)
    cases = []
    for number in range(case_count):
        scale = float(np.float32(10.0 ** rng.uniform(-3, 1)))
        points = (int(rng.integers(-128, 128)), int(rng.choice([-128, 0, 127])))
        shape = (1, 4, 64) if number % 2 else (256,)
        x = EVERY.reshape(shape)
        cases.append(unary_case("LOGISTIC", x, scales=(scale, 1 / 256), zero_points=points))
    cases.append(unary_case("LOGISTIC", EVERY, scales=(2.0**20, 1 / 256), zero_points=(3, -128)))
    check(cases)


def test_float32(case_count: int) -> None:
    cases = float_cases("LOGISTIC", np.random.default_rng(2), case_count)
    cases.append(unary_case("LOGISTIC", float_sweep(65521)))
    cases.append(unary_case("LOGISTIC", np.linspace(-110, 20, 20000).astype(np.float32)))
    check(cases, ulp=TABLE["LOGISTIC"].float_ulp)


@pytest.mark.long
def test_float32_sweep() -> None:
    check([unary_case("LOGISTIC", float_sweep(509))], ulp=TABLE["LOGISTIC"].float_ulp)
