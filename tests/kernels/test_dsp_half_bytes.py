"""Layers with weights of four bits and two, as Cortex-M4 runs them, against the reference."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels import emulated
from tests.kernels.few_bits_cases import convolutions, dense_layers, few_pixel_layers, picking
from tests.kernels.weighted_cases import quantised_case

BOARD = "mps2-an386"
CONVOLUTIONS = ("ep_chain_1x1", "ep_chain_band", "ep_chain_conv", "ep_fuse_conv")
DENSE = ("ep_dense_pieces", "ep_dense_pieces_twice")


@pytest.mark.parametrize("bits", [4, 2])
def test_random_convolutions(bits: int, case_count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{stem}_s{bits}" for stem in CONVOLUTIONS]
    rng = np.random.default_rng(71 + bits)
    cases = [quantised_case(rng, layer) for layer in convolutions(rng, bits, 2 * case_count)]
    monkeypatch.setattr(emulated, "lowered", picking(names))
    answers = emulated.check_on_board(BOARD, cases)
    used = [set(names).intersection(answer.kernels) for answer in answers]
    assert sum(map(bool, used)) > case_count // 2, "the variant hardly ran"
    assert set().union(*used) == set(names)


@pytest.mark.parametrize("bits", [4, 2])
def test_random_dense_layers(bits: int, case_count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{stem}_s{bits}" for stem in DENSE]
    rng = np.random.default_rng(81 + bits)
    layers = [*dense_layers(rng, bits, case_count), *few_pixel_layers(rng, bits, case_count)]
    monkeypatch.setattr(emulated, "lowered", picking(names))
    answers = emulated.check_on_board(BOARD, [quantised_case(rng, layer) for layer in layers])
    used = [set(names).intersection(answer.kernels) for answer in answers]
    assert sum(map(bool, used)) > case_count // 2, "the variant hardly ran"
    assert set().union(*used) == set(names)
