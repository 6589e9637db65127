"""Dense layers by pairs of rows, as Cortex-M4 runs them, against the reference interpreter."""

from __future__ import annotations

import dataclasses

import numpy as np

from edgepack.program import LowerSpec
from tests.kernels.emulated import check_on_board
from tests.kernels.test_fully_connected import random_layer, tie_case
from tests.kernels.weighted_cases import quantised_case

BOARD = "mps2-an386"
KERNEL = "ep_dense_pairs_s8"
SPEED = LowerSpec(optimize="speed")


def test_random_layers(case_count: int) -> None:
    rng = np.random.default_rng(51)
    layers = [random_layer(rng, n) for n in range(2 * case_count)]
    layers[::4] = [dataclasses.replace(layer, gain=1.0) for layer in layers[::4]]
    answers = check_on_board(BOARD, [quantised_case(rng, layer) for layer in layers])
    used = sum(KERNEL in answer.kernels for answer in answers)
    assert used > case_count // 2, "the variant hardly ran"


def test_random_layers_at_speed(case_count: int) -> None:
    rng = np.random.default_rng(52)
    layers = [random_layer(rng, n) for n in range(2 * case_count)]
    layers = [dataclasses.replace(layer, gain=1.0) for layer in layers]
    cases = [quantised_case(rng, layer) for layer in layers]
    answers = check_on_board(BOARD, [dataclasses.replace(case, spec=SPEED) for case in cases])
    used = sum("ep_dense_triples_s8" in answer.kernels for answer in answers)
    assert used > case_count, "the variant hardly ran"


def test_ties() -> None:
    cases = [tie_case(np.random.default_rng(n)) for n in range(4)]
    check_on_board(BOARD, [*cases, *(dataclasses.replace(case, spec=SPEED) for case in cases)])
