"""Convolutions and dense layers on int16, with the products that SMLAD takes in pairs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.kernels import test_conv_2d, test_fully_connected, test_transpose_conv
from tests.kernels.harness import Case
from tests.kernels.test_dsp_conv import wider
from tests.kernels.variant_check import check_twins, check_variant
from tests.kernels.weighted_cases import Layer, quantised_case, wide_layer

BOARD = "mps2-an386"


def deep(rng: np.random.Generator, depth: int) -> Case:
    """A dense layer of saturated products, deeper than one sum in 32 bits may be."""
    options: dict[str, object] = {"fused_activation_function": "NONE"}
    layer = Layer("FULLY_CONNECTED", (1, depth), (5, depth), (1, 5), options, 5, extreme=True)
    return quantised_case(rng, wide_layer(rng, layer))


def test_on_the_board() -> None:
    rng = np.random.default_rng(71)
    layers = [test_conv_2d.random_layer(rng, n) for n in range(10)]
    layers += [test_fully_connected.random_layer(rng, n) for n in range(8)]
    cases = [quantised_case(rng, wide_layer(rng, layer)) for layer in layers]
    cases += [deep(rng, depth) for depth in (508, 509, 1500)]
    kernels = check_variant(BOARD, cases)
    assert kernels["ep_conv_2d_s16"] + kernels["ep_conv_2d_tile_s16"] == 10
    assert kernels["ep_conv_2d_tile_s16"] > 3 and kernels["ep_dense_s16"] == 11


def test_kinds_of_layers_share_their_products() -> None:
    """In one image, where each would bring the other's; all take those of the instruction set."""
    rng = np.random.default_rng(75)
    cases = [test_transpose_conv.transpose_case(rng, "int16", n) for n in range(4)]
    layers = (test_conv_2d.random_layer(rng, 0), test_fully_connected.random_layer(rng, 0))
    cases += [quantised_case(rng, wide_layer(rng, layer)) for layer in layers]
    cases += [test_fully_connected.wide_tie_case(rng, 98.0)]
    cases[-1] = dataclasses.replace(cases[-1], inputs=[cases[-1].inputs[0][:40]])
    kernels = check_variant(BOARD, cases)
    assert kernels["ep_transpose_conv_s16"] == 4 and kernels["ep_dense_double_s16"] == 1


def tiled(seed: int, count: int) -> list[Case]:
    """Convolutions of either bias, some as wide as real ones."""
    rng = np.random.default_rng(seed)
    cases = []
    for number in range(count):
        layer = test_conv_2d.random_layer(rng, number)
        layer = wider(layer, rng) if number % 3 == 2 else layer
        biases = ("int64", "int32")[number % 2]
        cases.append(quantised_case(rng, wide_layer(rng, layer, biases=biases)))
    return cases


def test_tiles(case_count: int) -> None:
    kernels = check_variant(BOARD, tiled(73, case_count))
    assert kernels["ep_conv_2d_tile_s16"] > case_count // 2


def test_the_portable_twin(case_count: int) -> None:
    check_twins("dsp", tiled(74, case_count // 2))


@pytest.mark.long
def test_many_on_the_board() -> None:
    rng = np.random.default_rng(72)
    layers = [test_conv_2d.random_layer(rng, n) for n in range(200)]
    cases = [
        quantised_case(rng, dataclasses.replace(wide_layer(rng, layer), label=str(n)))
        for n, layer in enumerate(layers)
    ]
    check_variant(BOARD, cases)
