from __future__ import annotations

import dataclasses

import numpy as np

from tests.kernels.harness import run_cases
from tests.kernels.oracle_check import check
from tests.kernels.weighted_cases import (
    TIE_RATIOS,
    Layer,
    float_case,
    quantised_case,
    random_scales,
    random_window,
    tie_case,
    unsigned_layer,
    wide_layer,
)


def random_layer(rng: np.random.Generator, number: int) -> Layer:
    """Any convolution; every fourth one is pointwise, every fourth one in groups."""
    size, window, out, options = random_window(rng)
    batches = int(rng.choice([1, 1, 1, 2, 3]))
    groups = int(rng.integers(2, 4)) if number % 4 == 1 else 1
    depth, outputs = (int(n) for n in rng.integers(1, 10, 2))
    if number % 4 == 2:
        window, out = (1, 1), size
        options |= {"stride_h": 1, "stride_w": 1}
    if number % 8 == 4:  # outputs no wider than inputs, so that the plan may overlap them
        outputs = min(outputs, depth)
    outputs *= groups
    return Layer(
        "CONV_2D",
        (batches, *size, depth * groups),
        (outputs, *window, depth),
        (batches, *out, outputs),
        options,
        outputs,
        **(random_scales(rng) | {"bias": True}),  # LiteRT refuses convolutions without
    )


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(3)
    check([quantised_case(rng, random_layer(rng, n)) for n in range(case_count)])


def test_int16(case_count: int) -> None:
    rng = np.random.default_rng(31)
    biases = ("int64", "int32")
    layers = [
        wide_layer(rng, random_layer(rng, n), biases=biases[n % 2]) for n in range(case_count)
    ]
    check([quantised_case(rng, layer) for layer in layers])


def test_int4(case_count: int) -> None:
    rng = np.random.default_rng(32)
    layers = [
        dataclasses.replace(random_layer(rng, n), weights="int4", gain=0.3 + n % 5)
        for n in range(case_count // 2)
    ]
    wide = [wide_layer(rng, layer, weights="int4") for layer in layers[::2]]
    check([quantised_case(rng, layer) for layer in (*layers, *wide)])


def test_uint8(case_count: int) -> None:
    rng = np.random.default_rng(33)
    layers = [unsigned_layer(rng, random_layer(rng, n)) for n in range(case_count)]
    cases = [quantised_case(rng, layer) for layer in layers]
    check([dataclasses.replace(case, optimise=n % 2 == 0) for n, case in enumerate(cases)])


def test_float32(case_count: int) -> None:
    rng = np.random.default_rng(4)
    check([float_case(rng, random_layer(rng, n)) for n in range(case_count)])


def test_without_bias() -> None:
    layers = [random_layer(np.random.default_rng(n), n) for n in range(8)]
    without = [dataclasses.replace(layer, bias=False) for layer in layers]
    zero = [dataclasses.replace(layer, zero_bias=True) for layer in layers]
    cases = [quantised_case(np.random.default_rng(9), layer) for layer in (*without, *zero)]
    outputs = run_cases(cases)
    for one, two in zip(outputs[:8], outputs[8:], strict=True):
        assert (one[0] == two[0]).all()
    assert sum(len(np.unique(outputs[n][0])) > 1 for n in range(8)) > 4


def test_ties() -> None:
    check([tie_case("CONV_2D", ratio, each) for ratio in TIE_RATIOS for each in (False, True)])
