from __future__ import annotations

import dataclasses

import numpy as np

from tests.kernels.oracle_check import check
from tests.kernels.weighted_cases import (
    TIE_RATIOS,
    Layer,
    float_case,
    output_size,
    quantised_case,
    random_scales,
    random_window,
    tie_case,
    unsigned_layer,
    wide_layer,
)


def random_layer(rng: np.random.Generator, number: int) -> Layer:
    """Any depthwise convolution; every other one is 3x3 without a multiplier."""
    size, window, out, options = random_window(rng)
    channels = int(rng.integers(1, 10))
    multiplier = int(rng.integers(1, 5))
    if number % 2 == 0:
        multiplier, window = 1, (3, 3)
        size = (max(size[0], 7), max(size[1], 7))
        sides = zip(
            size,
            window,
            (options["stride_h"], options["stride_w"]),
            (options["dilation_h_factor"], options["dilation_w_factor"]),
            strict=True,
        )
        one, two = (output_size(*side, str(options["padding"])) for side in sides)
        out = (one, two)
    batches = int(rng.choice([1, 1, 1, 2, 3]))
    outputs = channels * multiplier
    return Layer(
        "DEPTHWISE_CONV_2D",
        (batches, *size, channels),
        (1, *window, outputs),
        (batches, *out, outputs),
        options | {"depth_multiplier": multiplier},
        outputs,
        axis=3,
        **random_scales(rng),
    )


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(5)
    check([quantised_case(rng, random_layer(rng, n)) for n in range(case_count)])


def test_int16(case_count: int) -> None:
    rng = np.random.default_rng(31)
    layers = [random_layer(rng, n) for n in range(case_count)]
    check([quantised_case(rng, wide_layer(rng, layer)) for layer in layers])


def test_int4(case_count: int) -> None:
    rng = np.random.default_rng(32)
    layers = [
        dataclasses.replace(random_layer(rng, n), weights="int4", gain=0.3 + n % 5)
        for n in range(case_count // 2)
    ]
    check([quantised_case(rng, layer) for layer in layers])


def test_uint8(case_count: int) -> None:
    rng = np.random.default_rng(33)
    layers = [unsigned_layer(rng, random_layer(rng, n)) for n in range(case_count)]
    cases = [quantised_case(rng, layer) for layer in layers]
    check([dataclasses.replace(case, optimise=n % 2 == 0) for n, case in enumerate(cases)])


def test_float32(case_count: int) -> None:
    rng = np.random.default_rng(6)
    check([float_case(rng, random_layer(rng, n)) for n in range(case_count)])


def test_ties() -> None:
    check(
        [
            tie_case("DEPTHWISE_CONV_2D", ratio, each)
            for ratio in TIE_RATIOS
            for each in (False, True)
        ]
    )
