"""Layers with weights of four bits and two, as Cortex-M55 runs them, against the reference."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels import emulated
from tests.kernels.few_bits_cases import convolutions, dense_layers, picking
from tests.kernels.weighted_cases import quantised_case

BOARD = "mps3-an547"
STEMS = ("ep_mve_conv_1x1", "ep_mve_conv_2d", "ep_mve_dense")


@pytest.mark.parametrize("bits", [4, 2])
def test_random_layers(bits: int, case_count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{stem}_s{bits}" for stem in STEMS]
    rng = np.random.default_rng(91 + bits)
    layers = [*convolutions(rng, bits, 2 * case_count), *dense_layers(rng, bits, case_count)]
    monkeypatch.setattr(emulated, "lowered", picking(names))
    answers = emulated.check_on_board(BOARD, [quantised_case(rng, layer) for layer in layers])
    used = [set(names).intersection(answer.kernels) for answer in answers]
    assert sum(map(bool, used)) > case_count // 2, "the variant hardly ran"
    assert set().union(*used) == set(names)
