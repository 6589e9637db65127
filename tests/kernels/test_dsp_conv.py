"""Convolutions by chained pixels, as Cortex-M4 runs them, against the reference interpreter."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from edgepack.program import LowerSpec
from tests.kernels.emulated import check_on_board
from tests.kernels.harness import Case
from tests.kernels.test_conv_2d import random_layer
from tests.kernels.weighted_cases import (
    ACTIVATIONS,
    Layer,
    output_size,
    quantised_case,
    random_scales,
)
from tests.tflite_builder import ModelBuilder

BOARD = "mps2-an386"
KERNELS = {"ep_chain_1x1_s8", "ep_chain_band_s8", "ep_chain_conv_s8"}
QUICKEST = {"ep_triple_1x1_s8", "ep_triple_band_s8", "ep_few_1x1_s8"}
SPEED = LowerSpec(optimize="speed")


def draw(seed: int, count: int) -> list[Case]:
    """Random convolutions; a third with as many channels and pixels as real ones have."""
    rng = np.random.default_rng(seed)
    cases = []
    for number in range(count):
        layer = random_layer(rng, number)
        if number % 3 == 2:
            layer = wider(layer, rng)
        cases.append(quantised_case(rng, layer))
    return cases


def wider(layer: Layer, rng: np.random.Generator) -> Layer:
    depth, outputs = (int(n) for n in rng.integers(1, 70, 2))
    if layer.w[3] != layer.x[3]:  # groups
        return layer
    return dataclasses.replace(
        layer,
        x=(*layer.x[:3], depth),
        w=(outputs, *layer.w[1:3], depth),
        y=(*layer.y[:3], outputs),
        channels=outputs,
        gain=1.0,
        extreme=False,
    )


def few_pixels(rng: np.random.Generator) -> Layer:
    """A 1x1 window over up to three pixels, or a window of the whole image."""
    height, width = (int(n) for n in rng.integers(1, 4, 2))
    whole = bool(rng.random() < 0.5)
    if not whole:
        height, width = 1, int(rng.integers(1, 4))
    window, out = ((height, width), (1, 1)) if whole else ((1, 1), (height, width))
    depth, outputs = (int(n) for n in rng.integers(1, 40, 2))
    options: dict[str, object] = {
        "padding": "VALID",
        "stride_h": 1,
        "stride_w": 1,
        "fused_activation_function": str(rng.choice(ACTIVATIONS)),
    }
    batches = 1 if width > 1 else int(rng.integers(1, 4))
    return Layer(
        "CONV_2D",
        (batches, height, width, depth),
        (outputs, *window, depth),
        (batches, *out, outputs),
        options,
        outputs,
        axis=0,
        **(random_scales(rng) | {"bias": True}),
    )


def test_few_pixels_are_batches_of_a_dense_layer(case_count: int) -> None:
    rng = np.random.default_rng(33)
    cases = [quantised_case(rng, few_pixels(rng)) for _ in range(2 * case_count)]
    answers = check_on_board(BOARD, cases)
    used = sum("ep_dense_twice_s8" in answer.kernels for answer in answers)
    assert used > case_count // 2, "the variant hardly ran"


def fused_layer(rng: np.random.Generator) -> Layer:
    """Windows 3 wide of stride 1 over whole words, as the fused lines take them."""
    depth = 4 * int(rng.integers(1, 6))
    outputs = int(rng.integers(1, depth + 3))
    width = 4 * int(rng.integers(1, 5))
    height, kernel, stride = (int(n) for n in rng.integers(1, [9, 5, 4]))
    padding = "SAME" if kernel > height else str(rng.choice(["SAME", "VALID"]))
    out = output_size(height, kernel, stride, 1, padding)
    options: dict[str, object] = {
        "padding": padding,
        "stride_h": stride,
        "stride_w": 1,
        "fused_activation_function": str(rng.choice(ACTIVATIONS)),
    }
    batches = int(rng.choice([1, 1, 2]))
    x = (batches, height, width if padding == "SAME" else width + 2, depth)
    w, y = (outputs, kernel, 3, depth), (batches, out, width, outputs)
    scales = random_scales(rng) | {"bias": True}
    return Layer("CONV_2D", x, w, y, options, outputs, **scales)


def test_fused_lines(case_count: int) -> None:
    rng = np.random.default_rng(32)
    cases = [quantised_case(rng, fused_layer(rng)) for _ in range(case_count)]
    answers = check_on_board(BOARD, cases)
    used = sum("ep_fuse_conv_s8" in answer.kernels for answer in answers)
    assert used > case_count // 3, "the variant hardly ran"


def test_random_convolutions(case_count: int) -> None:
    answers = check_on_board(BOARD, draw(31, 2 * case_count))
    used = [KERNELS.intersection(answer.kernels) for answer in answers]
    assert sum(map(bool, used)) > case_count // 2, "the variant hardly ran"
    assert set().union(*used) >= KERNELS


def test_random_convolutions_at_speed(case_count: int) -> None:
    cases = [dataclasses.replace(case, spec=SPEED) for case in draw(33, 2 * case_count)]
    answers = check_on_board(BOARD, cases)
    used = [QUICKEST.intersection(answer.kernels) for answer in answers]
    assert sum(map(bool, used)) > case_count // 2, "the variant hardly ran"
    assert set().union(*used) == QUICKEST


def test_few_values(case_count: int) -> None:
    rng = np.random.default_rng(34)
    cases = []
    for number in range(case_count):
        layer = random_layer(rng, number)
        depth, outputs = (int(n) for n in rng.integers(1, [9, 20]))
        size = int(rng.integers(1, 6))
        layer = dataclasses.replace(
            layer,
            x=(1, size, 3, depth),
            w=(outputs, 1, 1, depth),
            y=(1, size, 3, outputs),
            channels=outputs,
            options={
                "padding": "VALID",
                "stride_h": 1,
                "stride_w": 1,
                "fused_activation_function": str(rng.choice(["RELU", "RELU6"])),
            },
        )
        cases.append(dataclasses.replace(quantised_case(rng, layer), spec=SPEED))
    answers = check_on_board(BOARD, cases)
    used = sum("ep_few_1x1_s8" in answer.kernels for answer in answers)
    assert used > case_count // 4, "the variant hardly ran"


def test_numbers_of_two_weights_fill_16_bits_and_no_more() -> None:
    """256 * -128 + 0 is the least; one below it takes the other kernel."""
    x = np.random.default_rng(3).integers(-128, 128, (3, 1, 7, 12)).astype(np.int8)
    rows = ([127, 1, -128, -128], [127, 1, 0, -128], [-1, -128, 127, 127], [0, -128, 127, 5])
    bias = np.array([5, -70, 900, 3], np.int32)
    cases = [
        dataclasses.replace(
            pointwise_case(
                np.array([row, [0] * 4, row[::-1], row, *[[0] * 4] * 8], np.int8).T, bias, x, 3
            ),
            spec=SPEED,
        )
        for row in rows
    ]
    answers = check_on_board(BOARD, cases)
    assert ["ep_triple_1x1_s8" in a.kernels for a in answers] == [False, True, False, True]


def bounded_case(reach: int, zero_point: int) -> Case:
    """A pointwise layer whose sums reach `reach` for one input and -reach for the same."""
    depth = 516
    weights = np.full((2, depth), 127, np.int8)
    weights[1] = -127
    rest = reach - 127 * 127 * depth
    x = np.stack([np.full((1, 5, depth), v, np.int8) for v in (127, -128, 0, 126)])
    return pointwise_case(weights, np.array([rest, -rest], np.int32), x, zero_point)


def pointwise_case(
    weights: NDArray[np.int8], bias: NDArray[np.int32], x: NDArray[np.int8], zero_point: int
) -> Case:
    """A model of one pointwise convolution that divides its sums by 2^16."""
    outputs, depth = weights.shape
    builder = ModelBuilder()
    scales = [2.0**-8] * outputs
    source = builder.tensor((1, *x.shape[1:]), "int8", scale=1.0, zero_point=0)
    shape = (outputs, 1, 1, depth)
    w = builder.tensor(shape, "int8", scale=scales, data=weights.reshape(shape))
    b = builder.tensor((outputs,), "int32", scale=scales, data=bias)
    shape = (1, *x.shape[1:3], outputs)
    y = builder.tensor(shape, "int8", scale=2.0**8, zero_point=zero_point)
    options = {"padding": "VALID", "stride_h": 1, "stride_w": 1}
    builder.operator("CONV_2D", [source, w, b], [y], **options)
    return Case(builder.build([source], [y]), [x], label=f"{weights.shape} {bias}")


def test_sums_below_2_to_the_23_are_chained_and_no_others() -> None:
    reaches = (2**23 - 2, 2**23 - 1, 2**23)
    cases = [bounded_case(reach, point) for reach in reaches for point in (-60, 60)]
    answers = check_on_board(BOARD, cases)
    chained = ["ep_chain_1x1_s8" in answer.kernels for answer in answers]
    assert chained == [True] * 4 + [False] * 2


def test_all_shifts_from_1_on_are_chained() -> None:
    weights = np.array([[127, -128, 5, 1]], np.int8).repeat(2, axis=0)
    x = np.random.default_rng(1).integers(-128, 128, (3, 1, 5, 4)).astype(np.int8)
    shifts = (0, 1, 2, 14, 15, 16)  # 0.75 / 2^shift
    answers = check_on_board(BOARD, [shifted_case(weights, x, shift) for shift in shifts])
    chained = ["ep_chain_1x1_s8" in answer.kernels for answer in answers]
    assert chained == [False, True, True, True, True, True]


def test_ties_of_both_roundings() -> None:
    cases = [tie_case(shift, point) for shift in (1, 2, 3) for point in (-128, -5, 9)]
    answers = check_on_board(BOARD, cases)
    assert all("ep_chain_1x1_s8" in answer.kernels for answer in answers)


def tie_case(shift: int, zero_point: int) -> Case:
    """Every sum from -128 to 128, with either sign, times 1 / 2^(shift + 1)."""
    builder = ModelBuilder()
    weights = np.array([[1], [-1]], np.int8)
    x = np.arange(-128, 128).astype(np.int8).reshape(1, 16, 16, 1)
    source = builder.tensor(x.shape, "int8", scale=1.0)
    w = builder.tensor((2, 1, 1, 1), "int8", scale=1.0, data=weights.reshape(2, 1, 1, 1))
    b = builder.tensor((2,), "int32", scale=1.0, data=np.array([0, 1], np.int32))
    shape = (1, 16, 16, 2)
    y = builder.tensor(shape, "int8", scale=2.0 ** (shift + 1), zero_point=zero_point)
    options = {"padding": "VALID", "stride_h": 1, "stride_w": 1}
    builder.operator("CONV_2D", [source, w, b], [y], **options)
    return Case(builder.build([source], [y]), [x], label=f"ties {shift} {zero_point}")


def shifted_case(weights: NDArray[np.int8], x: NDArray[np.int8], shift: int) -> Case:
    """A layer whose multiplier is 0.75 / 2^shift, with biases that keep the result in range."""
    outputs, depth = weights.shape
    builder = ModelBuilder()
    scale = 0.75 / 2.0**shift
    source = builder.tensor((1, *x.shape[1:]), "int8", scale=1.0, zero_point=-7)
    shape = (outputs, 1, 1, depth)
    scales = [scale] * outputs
    w = builder.tensor(shape, "int8", scale=scales, data=weights.reshape(shape))
    bias = np.array([64 * 2**shift, -50 * 2**shift], np.int32)
    b = builder.tensor((outputs,), "int32", scale=scales, data=bias)
    y = builder.tensor((1, *x.shape[1:3], outputs), "int8", scale=1.0, zero_point=3)
    options = {"padding": "VALID", "stride_h": 1, "stride_w": 1}
    builder.operator("CONV_2D", [source, w, b], [y], **options)
    return Case(builder.build([source], [y]), [x], label=f"shift {shift}")
