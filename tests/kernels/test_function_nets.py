"""Networks of the optimiser's own operators with others between: both must leave the other be."""

from __future__ import annotations

import dataclasses

import numpy as np

from tests.kernels.harness import Case
from tests.kernels.oracle_check import check
from tests.tflite_builder import ModelBuilder

SCALE = 0.05


def function_net(rng: np.random.Generator) -> Case:
    """A convolution with dead channels, functions, a choice, a reduction and a dense layer."""
    b = ModelBuilder()
    size, channels = 6, 8

    def int8(*shape: int, zero: int = 3) -> int:
        return b.tensor(shape, "int8", scale=SCALE, zero_point=zero)

    x = int8(1, size, size, 3)
    weights = rng.integers(-127, 128, (channels, 3, 3, 3))
    weights[rng.random(channels) < 0.4] = 0
    w = b.tensor(weights.shape, "int8", scale=0.01, data=weights)
    bias = b.tensor(
        (channels,), "int32", scale=SCALE * 0.01, data=rng.integers(-900, 900, channels)
    )
    y = int8(1, size, size, channels)
    same = {"padding": "SAME", "stride_h": 1, "stride_w": 1}
    b.operator("CONV_2D", [x, w, bias], [y], fused_activation_function="RELU", **same)
    for kind in rng.permutation(["ABS", "EXP", "NEG", "GELU", "LOG"])[:2]:
        z = int8(1, size, size, channels, zero=int(rng.integers(-20, 20)))
        b.operator(str(kind), [y], [z])
        y = z
    squared = int8(1, size, size, channels, zero=-100)
    constant = rng.integers(-128, 128, channels)
    c = b.tensor((channels,), "int8", scale=SCALE, zero_point=1, data=constant)
    b.operator("SQUARED_DIFFERENCE", [y, c], [squared])
    less = b.tensor((1, size, size, channels), "bool")
    b.operator("LESS", [squared, y], [less])
    chosen = b.tensor((1, size, size, channels), "int8", scale=SCALE, zero_point=-100)
    b.operator("SELECT_V2", [less, squared, y], [chosen])
    axes = b.tensor((2,), "int32", data=np.int32([1, 2]))
    most = b.tensor((1, channels), "int8", scale=SCALE, zero_point=-100)
    b.operator("REDUCE_MAX", [chosen, axes], [most])
    dense = rng.integers(-127, 128, (4, channels))
    dense[:, rng.random(channels) < 0.3] = 0
    d = b.tensor(dense.shape, "int8", scale=0.01, data=dense)
    out = int8(1, 4)
    b.operator("FULLY_CONNECTED", [most, d], [out])
    values = rng.integers(-128, 128, (3, size, size, 3)).astype(np.int8)
    return Case(b.build([x], [out]), [values], label="a net of functions")


def test_nets(case_count: int) -> None:
    rng = np.random.default_rng(581)
    cases = [function_net(rng) for _ in range(case_count // 4)]
    check([dataclasses.replace(case, optimise=True) for case in cases])
