from __future__ import annotations

import dataclasses

import numpy as np

from tests.kernels.harness import Case
from tests.kernels.test_depthwise_conv_2d import random_layer
from tests.kernels.variant_check import check_twins, check_variant
from tests.kernels.weighted_cases import Layer, output_size, quantised_case

BOARD = "riscv-virt"
KERNELS = {"ep_planar_3x3_s8", "ep_planar_3x3_signed_s8"}


def undilated(layer: Layer, size: tuple[int, int]) -> Layer:
    """The layer with a window of neighbours on another image."""
    layer = dataclasses.replace(layer, x=(layer.x[0], *size, layer.x[3]))
    options = layer.options | {"dilation_h_factor": 1, "dilation_w_factor": 1}
    strides = (int(str(options["stride_h"])), int(str(options["stride_w"])))
    padding = str(options["padding"])
    out = [
        output_size(size, kernel, stride, 1, padding)
        for size, kernel, stride in zip(layer.x[1:3], layer.w[1:3], strides, strict=True)
    ]
    return dataclasses.replace(layer, options=options, y=(layer.y[0], *out, layer.y[3]))


def cases(seed: int, count: int) -> list[Case]:
    """Random depthwise layers, most of them 3x3 ones at scales that converters make."""
    rng = np.random.default_rng(seed)
    layers = []
    for number in range(count):
        layer = random_layer(rng, number if number % 5 == 0 else 2 * number)
        if number % 5:
            least = 1 if layer.options["padding"] == "SAME" else 3
            size = (int(rng.integers(least, 9)), int(rng.integers(least, 9)))
            gain = float(10 ** rng.uniform(-0.7, 1))
            layer = dataclasses.replace(undilated(layer, size), gain=gain)
        layers.append(layer)
    return [quantised_case(rng, layer) for layer in layers]


def test_int8(case_count: int) -> None:
    found = check_variant(BOARD, cases(41, case_count))
    assert sum(found[kernel] for kernel in KERNELS) > case_count // 2
    assert set(found) >= KERNELS


def test_twins_in_c(case_count: int) -> None:
    check_twins("rv32m", cases(42, case_count))
