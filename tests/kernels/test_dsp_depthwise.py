"""Depthwise convolutions on planes, as Cortex-M4 runs them, against the reference interpreter."""

from __future__ import annotations

import numpy as np

from edgepack.program import Overlap
from tests.kernels.emulated import check_on_board, lowered, require
from tests.kernels.harness import Case
from tests.kernels.weighted_cases import (
    ACTIVATIONS,
    Layer,
    output_size,
    quantised_case,
    random_scales,
    random_window,
)
from tests.tflite_builder import ModelBuilder

BOARD = "mps2-an386"
KERNEL = "ep_planes_3x3_s8"
KERNELS = {KERNEL, "ep_planes_3x3_twice_s8"}


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
    used = [KERNELS.intersection(answer.kernels) for answer in answers]
    assert sum(map(bool, used)) > case_count, "the variant hardly ran"
    assert set().union(*used) == KERNELS


def any_window(rng: np.random.Generator) -> Layer:
    """Any window, stride and dilation; images of one pixel, long windows and several outputs a
    channel among them.
    """
    size, window, out, options = random_window(rng)
    if rng.random() < 0.3:
        length = int(rng.integers(2, 24))
        size, window, out = (length, 1), (length, 1), (1, 1)
        options = options | {"padding": "VALID", "dilation_h_factor": 1, "dilation_w_factor": 1}
        if rng.random() < 0.5:
            size, window = size[::-1], window[::-1]
    channels = int(rng.choice([4, 8, 12, *rng.integers(4, 22, 4)]))
    batches, multiplier = int(rng.choice([1, 1, 2])), int(rng.choice([1, 1, 1, 2, 3, 4]))
    outputs = channels * multiplier
    return Layer(
        "DEPTHWISE_CONV_2D",
        (batches, *size, channels),
        (1, *window, outputs),
        (batches, *out, outputs),
        options | {"depth_multiplier": multiplier},
        outputs,
        axis=3,
        **(random_scales(rng) | {"bias": True}),
    )


def test_any_window(case_count: int) -> None:
    rng = np.random.default_rng(43)
    answers = check_on_board(
        BOARD, [quantised_case(rng, any_window(rng)) for _ in range(case_count)]
    )
    used = [kernel for answer in answers for kernel in answer.kernels]
    for kernel in ("ep_depthwise_taps_s8", "ep_depthwise_taps_twice_s8"):
        assert used.count(kernel) > case_count // 4, f"{kernel} hardly ran"


def padded_case(pads: tuple[int, int], stride: int) -> Case:
    """A padded image under a 3x3 window; the optimiser makes one layer of both."""
    rng = np.random.default_rng(sum(pads) + stride)
    builder = ModelBuilder()
    shape = (1, 7, 6, 5)
    padded = (1, 7 + sum(pads), 6 + sum(pads), 5)
    out = (1, *((size - 3) // stride + 1 for size in padded[1:3]), 5)
    x = builder.tensor(shape, "int8", scale=0.1, zero_point=-4)
    table = np.array([[0, 0], pads, pads, [0, 0]], np.int32)
    wide = builder.tensor(padded, "int8", scale=0.1, zero_point=-4)
    builder.operator("PAD", [x, builder.tensor((4, 2), "int32", data=table)], [wide])
    data = rng.integers(-127, 128, (1, 3, 3, 5)).astype(np.int8)
    w = builder.tensor((1, 3, 3, 5), "int8", scale=[0.01] * 5, data=data, axis=3)
    b = builder.tensor((5,), "int32", scale=[0.001] * 5, data=rng.integers(-900, 900, 5))
    y = builder.tensor(out, "int8", scale=0.5, zero_point=3)
    options = {"padding": "VALID", "stride_h": stride, "stride_w": stride, "depth_multiplier": 1}
    builder.operator("DEPTHWISE_CONV_2D", [wide, w, b], [y], **options)
    values = rng.integers(-128, 128, (2, *shape[1:])).astype(np.int8)
    return Case(builder.build([x], [y]), [values], label=f"{pads} {stride}", optimise=True)


def test_any_padding_folded_in() -> None:
    cases = [padded_case(pads, s) for pads in ((1, 1), (2, 2), (0, 3), (2, 0)) for s in (1, 2)]
    answers = check_on_board(BOARD, cases)
    assert all(answer.kernels == (KERNEL,) for answer in answers)


def test_outputs_lie_on_the_inputs_where_none_is_needed_any_more() -> None:
    board = require(BOARD)
    overlaps = []
    for pads in ((1, 1), (2, 2)):
        step = lowered(padded_case(pads, 1), board, "m").steps[0]
        overlaps.append(step.overlaps)
        expected = Overlap(step.inputs[0], step.outputs[0], exact=True)
    assert overlaps == [(expected,), ()]
