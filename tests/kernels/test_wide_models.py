"""Networks on int16 activations, and int8 layers with biases of 64 bits, through the optimiser."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from tests.kernels.emulated import check_on_board
from tests.kernels.harness import Case, run_cases
from tests.kernels.oracle_check import check
from tests.kernels.test_conv_2d import random_layer
from tests.kernels.weighted_cases import quantised_case
from tests.tflite_builder import ModelBuilder

WINDOW = {"padding": "VALID", "stride_h": 1, "stride_w": 1}


def network(rng: np.random.Generator) -> Case:
    """int8 in, quantised to int16: PAD, CONV_2D, RELU, LEAKY_RELU, ADD, MEAN, a dense layer."""
    builder = ModelBuilder()

    def wide(shape: tuple[int, ...], scale: float) -> int:
        return builder.tensor(shape, "int16", scale=scale)

    source = builder.tensor((1, 6, 6, 4), "int8", scale=0.02, zero_point=-5)
    x = wide((1, 6, 6, 4), 0.0001)
    builder.operator("QUANTIZE", [source], [x])
    padded = wide((1, 8, 8, 4), 0.0001)
    amounts = builder.tensor((4, 2), "int32", data=[[0, 0], [1, 1], [1, 1], [0, 0]])
    builder.operator("PAD", [x, amounts], [padded])
    taps = rng.integers(-127, 128, (4, 3, 3, 4))
    w = builder.tensor((4, 3, 3, 4), "int8", scale=[0.01, 0.02, 0.01, 0.03], data=taps)
    biases = rng.integers(-(10**6), 10**6, 4)
    b = builder.tensor((4,), "int64", scale=[1e-6, 2e-6, 1e-6, 3e-6], data=biases)
    y = wide((1, 6, 6, 4), 0.0004)
    builder.operator("CONV_2D", [padded, w, b], [y], **WINDOW)
    clamped = wide((1, 6, 6, 4), 0.0004)
    builder.operator("RELU", [y], [clamped])
    leaky = wide((1, 6, 6, 4), 0.0002)
    builder.operator("LEAKY_RELU", [x], [leaky], alpha=0.3)
    total = wide((1, 6, 6, 4), 0.0005)
    builder.operator("ADD", [clamped, leaky], [total], version=2, pot_scale_int16=False)
    mean = wide((1, 4), 0.0003)
    axes = builder.tensor((2,), "int32", data=[1, 2])
    builder.operator("MEAN", [total, axes], [mean], version=2)
    rows = rng.integers(-127, 128, (5, 4))
    v = builder.tensor((5, 4), "int8", scale=0.02, data=rows)
    dense = wide((1, 5), 0.0005)
    builder.operator("FULLY_CONNECTED", [mean, v], [dense], version=9)
    soft = wide((1, 5), 2.0**-15)
    builder.operator("SOFTMAX", [dense], [soft], beta=1.0)
    real = builder.tensor((1, 5), "float32")
    builder.operator("DEQUANTIZE", [soft], [real])
    values = rng.integers(-128, 128, (4, 6, 6, 4)).astype(np.int8)
    return Case(builder.build([source], [real, soft]), [values], label="network", optimise=True)


def test_a_network() -> None:
    case = network(np.random.default_rng(1))
    check([case, dataclasses.replace(case, optimise=False)])
    kinds = [operator.kind for operator in optimise(read_model(case.model)).operators]
    assert "PAD" not in kinds and "RELU" not in kinds  # folded and fused


@pytest.mark.parametrize("board", ["mps2-an386", "riscv-virt"])
def test_a_network_on_boards(board: str) -> None:
    check_on_board(board, [network(np.random.default_rng(2))])


def test_int8_with_biases_of_64_bits() -> None:
    """LiteRT refuses them: the same numbers in 32 bits are the reference."""
    layers = [random_layer(np.random.default_rng(n), n) for n in range(10)]
    cases = []
    for biases in ("int64", "int32"):
        made = [dataclasses.replace(layer, biases=biases) for layer in layers]
        cases += [
            dataclasses.replace(quantised_case(np.random.default_rng(n), layer), optimise=True)
            for n, layer in enumerate(made)
        ]
    outputs = run_cases(cases)
    for one, two in zip(outputs[:10], outputs[10:], strict=True):
        assert (one[0] == two[0]).all()
