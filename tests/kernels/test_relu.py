from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.lowering import lower
from edgepack.compiler.reader import read_model
from edgepack.program import LowerSpec
from tests.kernels.oracle_check import check, float_cases, int8_table_cases, unary_case

KINDS = ("RELU", "RELU6", "RELU_N1_TO_1")


@pytest.mark.parametrize("kind", KINDS)
def test_int8(kind: str, case_count: int) -> None:
    check(int8_table_cases(kind, np.random.default_rng(1), case_count))


@pytest.mark.parametrize("kind", KINDS)
def test_float32(kind: str, case_count: int) -> None:
    check(float_cases(kind, np.random.default_rng(2), case_count))


def test_no_table_for_a_clamp() -> None:
    x = np.zeros((1, 8), np.int8)
    for scales, kernel in (((0.1, 0.1), "ep_clamp_s8"), ((0.1, 0.2), "ep_lookup")):
        model = unary_case("RELU6", x, scales=scales, zero_points=(-5, -5)).model
        assert lower(read_model(model, "m"), LowerSpec()).steps[0].kernel == kernel
