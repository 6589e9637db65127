"""Weights of at most sixteen values, as Cortex-M4 runs them, against the reference interpreter."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgepack.board import load_board
from tests.kernels import emulated
from tests.kernels.sparse_cases import by, kernels_of
from tests.kernels.test_conv_2d import random_layer
from tests.kernels.test_dsp_conv import fused_layer, wider
from tests.kernels.weighted_cases import Layer, quantised_case

BOARD = "mps2-an386"
KERNELS = tuple(
    f"ep_{way}_book_s8" for way in ("chain_1x1", "chain_band", "chain_conv", "fuse_conv")
)


def few_valued(rng: np.random.Generator, layer: Layer) -> Layer:
    values = int(rng.choice([2, 5, 15, 16, 16]))
    return dataclasses.replace(layer, values=values, gain=max(layer.gain, 0.2))


def test_random_convolutions(case_count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(95)
    layers = [random_layer(rng, n) for n in range(2 * case_count)]
    layers[::3] = [wider(layer, rng) for layer in layers[::3]]
    layers[1::3] = [fused_layer(rng) for _ in layers[1::3]]
    cases = [quantised_case(rng, few_valued(rng, layer)) for layer in layers]
    offered = [kernels_of(case, set(load_board(BOARD).isa)) for case in cases]
    for kernel in KERNELS:
        own = [case for case, names in zip(cases, offered, strict=True) if kernel in names]
        own = own[: max(4, case_count // 8)]
        assert len(own) > 3, f"{kernel} is hardly offered"
        monkeypatch.setattr(emulated, "lowered", by({kernel}))
        answers = emulated.check_on_board(BOARD, own)
        assert all(kernel in answer.kernels for answer in answers)
