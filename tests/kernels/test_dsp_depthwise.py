"""Depthwise convolutions on planes, as Cortex-M4 runs them, against the reference interpreter."""

from __future__ import annotations

import numpy as np

from tests.kernels.emulated import check_on_board
from tests.kernels.harness import Case
from tests.kernels.weighted_cases import (
    ACTIVATIONS,
    Layer,
    output_size,
    quantised_case,
    random_scales,
)

BOARD = "mps2-an386"
KERNEL = "ep_planes_3x3_s8"


def draw(seed: int, count: int) -> list[Case]:
    rng = np.random.default_rng(seed)
    return [quantised_case(rng, random_layer(rng, number)) for number in range(count)]


def random_layer(rng: np.random.Generator, number: int) -> Layer:
    """A 3x3 window of stride 1 or 2; every eighth image is one pixel high or wide."""
    padding = str(rng.choice(["SAME", "VALID"])) if number % 8 else "SAME"
    height, width = (int(n) for n in rng.integers(3, 28 if number % 4 == 0 else 10, 2))
    if number % 8 == 0:
        height, width = (1, width) if number % 16 else (height, 1)
    stride = int(rng.choice([1, 2]))
    channels = int(rng.choice([4, 8, *rng.integers(4, 14, 4)]))
    batches = int(rng.choice([1, 1, 1, 2]))
    out = [output_size(size, 3, stride, 1, padding) for size in (height, width)]
    options: dict[str, object] = {
        "padding": padding,
        "stride_h": stride,
        "stride_w": stride,
        "depth_multiplier": 1,
        "fused_activation_function": str(rng.choice(ACTIVATIONS)),
    }
    scales = random_scales(rng) | {"bias": True}
    return Layer(
        "DEPTHWISE_CONV_2D",
        (batches, height, width, channels),
        (1, 3, 3, channels),
        (batches, *out, channels),
        options,
        channels,
        axis=3,
        **scales,
    )


def test_random_layers(case_count: int) -> None:
    answers = check_on_board(BOARD, draw(41, 2 * case_count))
    used = sum(KERNEL in answer.kernels for answer in answers)
    assert used > case_count, "the variant hardly ran"
