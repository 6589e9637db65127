"""Float layers by the FPU, as Cortex-M4F runs them, against the reference interpreter."""

from __future__ import annotations

import dataclasses

import numpy as np

from edgepack.program import LowerSpec
from tests.kernels.emulated import check_on_board
from tests.kernels.harness import Case
from tests.kernels.test_conv_2d import random_layer
from tests.kernels.test_dsp_conv import wider
from tests.kernels.test_fully_connected import random_layer as random_dense
from tests.kernels.variant_check import check_twins
from tests.kernels.weighted_cases import float_case

BOARD = "mps2-an386"
TILE = "ep_conv_2d_tile_f32"


def draw(seed: int, count: int) -> list[Case]:
    """Random float convolutions; some of sums that are infinite."""
    rng = np.random.default_rng(seed)
    cases = []
    for number in range(count):
        layer = dataclasses.replace(random_layer(rng, number), dtype="float32")
        case = float_case(rng, wider(layer, rng) if number % 2 else layer)
        if number % 3 == 0:
            values = case.inputs[0].copy()
            values.flat[rng.integers(values.size)] = rng.choice([-3e38, 3e38])
            case = dataclasses.replace(case, inputs=[values])
        cases.append(dataclasses.replace(case, spec=LowerSpec(optimize="speed")))
    return cases


def test_random_convolutions(case_count: int) -> None:
    cases = draw(61, case_count)
    answers = check_on_board(BOARD, cases)
    assert sum(TILE in answer.kernels for answer in answers) > case_count // 3


def test_random_dense_layers(case_count: int) -> None:
    rng = np.random.default_rng(63)
    layers = [dataclasses.replace(random_dense(rng, n), dtype="float32") for n in range(case_count)]
    answers = check_on_board(BOARD, [float_case(rng, layer) for layer in layers])
    assert all("ep_dense_four_f32" in answer.kernels for answer in answers)


def test_the_portable_twin(case_count: int) -> None:
    check_twins("fpu", draw(62, case_count // 2))
