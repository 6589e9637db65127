from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.operators import TABLE
from tests.kernels.oracle_check import check, float_cases, float_sweep, int8_table_cases, unary_case


def test_int8(case_count: int) -> None:
    check(int8_table_cases("TANH", np.random.default_rng(1), case_count))


def test_float32(case_count: int) -> None:
    cases = float_cases("TANH", np.random.default_rng(2), case_count)
    cases.append(unary_case("TANH", float_sweep(65521)))
    cases.append(unary_case("TANH", np.linspace(-110, 20, 20000).astype(np.float32)))
    check(cases, ulp=TABLE["TANH"].float_ulp)


@pytest.mark.long
def test_float32_sweep() -> None:
    check([unary_case("TANH", float_sweep(509))], ulp=TABLE["TANH"].float_ulp)
