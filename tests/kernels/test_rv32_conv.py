from __future__ import annotations

import dataclasses

import numpy as np

from edgepack.program import LowerSpec
from tests.kernels.harness import Case
from tests.kernels.test_conv_2d import random_layer
from tests.kernels.variant_check import check_twins, check_variant
from tests.kernels.weighted_cases import Layer, quantised_case

BOARD = "riscv-virt"
KERNELS = {
    "ep_swar_1x1_s8",
    "ep_swar_1x1_signed_s8",
    "ep_swar_conv_s8",
    "ep_swar_conv_signed_s8",
    "ep_quad_1x1_s8",
    "ep_quad_1x1_signed_s8",
    "ep_quad_conv_s8",
    "ep_quad_conv_signed_s8",
}


def deeper(layer: Layer, rng: np.random.Generator) -> Layer:
    """The layer with more input channels, where it has one group."""
    if layer.w[3] != layer.x[3]:
        return layer
    depth = int(rng.integers(64 // (layer.w[1] * layer.w[2]), 80))
    outputs = int(rng.integers(1, 20))
    return dataclasses.replace(
        layer,
        x=(*layer.x[:3], depth),
        w=(outputs, *layer.w[1:3], depth),
        y=(*layer.y[:3], outputs),
        channels=outputs,
    )


def cases(seed: int, count: int) -> list[Case]:
    """Random convolutions at scales that converters make, every sixth one at any scale."""
    rng = np.random.default_rng(seed)
    layers = [random_layer(rng, n) for n in range(count)]
    layers = [deeper(layer, rng) if n % 4 > 1 else layer for n, layer in enumerate(layers)]
    likely = [
        layer if n % 6 == 0 else dataclasses.replace(layer, gain=float(10 ** rng.uniform(-0.7, 1)))
        for n, layer in enumerate(layers)
    ]
    drawn = [quantised_case(rng, layer) for layer in likely]
    fast = LowerSpec(optimize="speed")
    return [
        dataclasses.replace(case, spec=fast) if n % 8 < 6 else case for n, case in enumerate(drawn)
    ]


def test_int8(case_count: int) -> None:
    found = check_variant(BOARD, cases(31, 2 * case_count))
    assert set(found) >= KERNELS


def test_twins_in_c(case_count: int) -> None:
    check_twins("rv32m", cases(32, case_count))
