from __future__ import annotations

import numpy as np

from tests.kernels.harness import Case
from tests.kernels.test_fully_connected import random_layer
from tests.kernels.variant_check import check_twins, check_variant
from tests.kernels.weighted_cases import quantised_case

BOARD = "mps2-an385-m0"


def cases(seed: int, count: int) -> list[Case]:
    rng = np.random.default_rng(seed)
    return [quantised_case(rng, random_layer(rng, n)) for n in range(count)]


def test_int8(case_count: int) -> None:
    found = check_variant(BOARD, cases(71, case_count))
    assert found["ep_dense_twos_s8"] > case_count // 8


def test_twins_in_c(case_count: int) -> None:
    check_twins("thumb1", cases(72, case_count))
