"""With numerics "tflm" the C gives the bits of TFLite Micro's own interpreter."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest

from tests.kernels import (
    test_conv_2d,
    test_depthwise_conv_2d,
    test_fully_connected,
    test_mean,
    test_unary_int16,
)
from tests.kernels.binary_cases import binary_case
from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, int8_table_cases, random_scale, unary_case
from tests.kernels.pool_cases import pool_case
from tests.kernels.weighted_cases import Layer, quantised_case, wide_layer

pytestmark = pytest.mark.skipif(
    find_spec("tflite_micro") is None, reason="needs the package tflite-micro"
)
LAYERS: dict[str, Callable[[np.random.Generator, int], Layer]] = {
    "CONV_2D": test_conv_2d.random_layer,
    "DEPTHWISE_CONV_2D": test_depthwise_conv_2d.random_layer,
    "FULLY_CONNECTED": test_fully_connected.random_layer,
}
BYTES = np.arange(-128, 128).astype(np.int8)


def agree(cases: list[Case]) -> None:
    check(cases, numerics="tflm")


def ordinary(rng: np.random.Generator, layer: Layer) -> Layer:
    """The layer as a converter makes it: TFLite Micro does not survive all others."""
    gain = float(10.0 ** rng.uniform(-0.5, 0.5))
    return dataclasses.replace(layer, gain=gain, extreme=False, bias=True)


TYPES = ("int8", "int16 int64", "int16 int32")
PAIRS = [(kind, types) for kind in LAYERS for types in TYPES]
PAIRS.remove(("DEPTHWISE_CONV_2D", "int16 int32"))  # LiteRT refuses it


@pytest.mark.parametrize(("kind", "types"), PAIRS)
def test_layers(kind: str, types: str, case_count: int) -> None:
    rng = np.random.default_rng(61)
    layers = [ordinary(rng, LAYERS[kind](rng, n)) for n in range(case_count // 2)]
    if types != "int8":
        layers = [wide_layer(rng, layer, biases=types.split()[1]) for layer in layers]
    agree([quantised_case(rng, layer) for layer in layers])


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32"])
def test_pairs(dtype: str, case_count: int) -> None:
    rng = np.random.default_rng(62)
    kinds = ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM")
    agree([binary_case(kinds[n % 5], rng, dtype, n, 4) for n in range(case_count)])


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_pools_and_means(dtype: str, case_count: int) -> None:
    rng = np.random.default_rng(63)
    pools = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
    cases = [pool_case(pools[n % 2], rng, dtype, n) for n in range(case_count // 2)]
    agree([*cases, *(test_mean.mean_case(rng, dtype, 3 * n) for n in range(case_count // 4))])


def test_tables_of_int8() -> None:
    rng = np.random.default_rng(64)
    cases = []
    for kind, options in (("RELU", {}), ("RELU6", {}), ("LEAKY_RELU", {"alpha": 0.2})):
        cases += int8_table_cases(kind, rng, 6, **options)
    cases += int8_table_cases("HARD_SWISH", rng, 6)
    for kind, scale, zero, beta in (
        ("LOGISTIC", 1 / 256, -128, {}),
        ("TANH", 1 / 128, 0, {}),
        ("SOFTMAX", 1 / 256, -128, {"beta": 1.0}),
    ):
        for _ in range(6):
            points = (int(rng.integers(-128, 128)), zero)
            scales = (random_scale(rng, -3, -0.5), scale)
            x = rng.permutation(BYTES).reshape(1, 8, 32)
            cases.append(unary_case(kind, x, scales=scales, zero_points=points, **beta))
    agree(cases)


def test_activations_of_int16() -> None:
    rng = np.random.default_rng(65)
    cases = [test_unary_int16.softmax_case(rng, n) for n in range(8)]
    for kind in ("LOGISTIC", "TANH"):
        for scale in (2.0**-12, 0.0001, 0.0003, 0.001):
            scales = (scale, test_unary_int16.UNIT)
            cases.append(unary_case(kind, test_unary_int16.EVERY, scales=scales))
    for kind in ("RELU", "RELU6"):
        cases += [test_unary_int16.scaled_case(rng, kind) for _ in range(3)]
    slopes = [float(np.float32(slope)) for slope in rng.uniform(0, 1, 4)]
    cases += [test_unary_int16.scaled_case(rng, "LEAKY_RELU", alpha=slope) for slope in slopes]
    agree(cases)
