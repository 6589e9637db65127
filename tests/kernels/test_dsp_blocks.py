"""Zero blocks that are left out, as Cortex-M4 runs them, against the reference interpreter."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgepack.board import load_board
from tests.kernels import emulated
from tests.kernels.sparse_cases import RATES, by, kernels_of
from tests.kernels.test_conv_2d import random_layer
from tests.kernels.test_dsp_conv import few_pixels, fused_layer, wider
from tests.kernels.test_fully_connected import random_layer as random_dense
from tests.kernels.weighted_cases import Layer, quantised_case

BOARD = "mps2-an386"
ISA = load_board(BOARD).isa
CONVOLUTIONS = (
    "ep_chain_1x1_blocks_s8",
    "ep_chain_band_blocks_s8",
    "ep_chain_conv_blocks_s8",
    "ep_fuse_conv_blocks_s8",
)
DENSE = ("ep_dense_blocks_s8", "ep_dense_blocks_twice_s8")


def check(
    monkeypatch: pytest.MonkeyPatch, kernels: tuple[str, ...], layers: list[Layer], seed: int
) -> None:
    """These kernels, on the layers that they are offered for; none is for one without zeros."""
    rng = np.random.default_rng(seed)
    rates = [RATES[n % len(RATES)] for n in range(len(layers))]
    cases = [
        quantised_case(rng, dataclasses.replace(layer, zeros=rate))
        for layer, rate in zip(layers, rates, strict=True)
    ]
    for kernel in kernels:
        offered = [kernel in kernels_of(case, ISA) for case in cases]
        assert not any(there for there, rate in zip(offered, rates, strict=True) if not rate)
        own = [c for c, there in zip(cases, offered, strict=True) if there][: 1 + len(cases) // 4]
        assert len(own) > 3, f"{kernel} is hardly offered"
        monkeypatch.setattr(emulated, "lowered", by({kernel}))
        answers = emulated.check_on_board(BOARD, own)
        assert all(kernel in answer.kernels for answer in answers)


def test_random_convolutions(case_count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(81)
    layers = [random_layer(rng, n) for n in range(2 * case_count)]
    layers[::3] = [wider(layer, rng) for layer in layers[::3]]
    check(monkeypatch, CONVOLUTIONS[:3], layers, 82)


def test_fused_lines(case_count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(83)
    check(monkeypatch, CONVOLUTIONS[3:], [fused_layer(rng) for _ in range(case_count // 2)], 84)


def test_few_pixels(case_count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(85)
    check(monkeypatch, DENSE[1:], [few_pixels(rng) for _ in range(case_count // 2)], 86)


def test_dense(case_count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(87)
    layers = [random_dense(rng, n) for n in range(case_count // 2)]
    layers = [dataclasses.replace(layer, gain=max(layer.gain, 0.1)) for layer in layers]
    check(monkeypatch, DENSE[:1], layers, 88)


def test_gaps_beyond_a_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(89)
    cases = []
    for depth in (1400, 2312):
        layer = Layer(
            *("FULLY_CONNECTED", (1, depth), (3, depth), (1, 3), {}, 3),
            zeros=0.995,
        )
        cases.append(quantised_case(rng, layer))
    monkeypatch.setattr(emulated, "lowered", by({DENSE[0]}))
    answers = emulated.check_on_board(BOARD, cases)
    assert all(DENSE[0] in answer.kernels for answer in answers)
