"""Convolutions as Helium runs them, against the reference interpreter."""

from __future__ import annotations

import dataclasses

import numpy as np

from tests.kernels.emulated import Answer, check_on_board
from tests.kernels.harness import Case
from tests.kernels.test_conv_2d import random_layer
from tests.kernels.weighted_cases import (
    Layer,
    output_size,
    point,
    quantised_case,
    random_scales,
    random_window,
)
from tests.tflite_builder import ModelBuilder

BOARD = "mps3-an547"
IMAGE = 40  # cases that fit the board's flash together
DEPTHS = (1, 7, 15, 16, 17, 32, 40, 48, 63, 64, 65, 80, 130, 144, 145, 160, 272)
CHANNELS = (1, 3, 7, 8, 8, 8, 9, 16, 17, 24, 31, 32, 45, 64)


def run(cases: list[Case]) -> list[Answer]:
    """The board's answers, checked."""
    parts = [cases[at : at + IMAGE] for at in range(0, len(cases), IMAGE)]
    return [answer for part in parts for answer in check_on_board(BOARD, part)]


def convolutions(rng: np.random.Generator, count: int) -> list[Case]:
    """Random convolutions; every other one with a depth near a whole number of vectors."""
    layers = [random_layer(rng, number) for number in range(count)]
    layers = [layer if n % 2 else wider(rng, layer) for n, layer in enumerate(layers)]
    return [quantised_case(rng, layer) for layer in layers]


def wider(rng: np.random.Generator, layer: Layer) -> Layer:
    """The same windows over more channels."""
    depth, outputs = int(rng.choice(DEPTHS)), int(rng.integers(1, 40))
    if layer.w[3] != layer.x[3]:  # groups
        return layer
    return dataclasses.replace(
        layer,
        x=(*layer.x[:3], depth),
        w=(outputs, *layer.w[1:3], depth),
        y=(*layer.y[:3], outputs),
        channels=outputs,
        gain=float(rng.choice([0.3, 1.0, 3.0])),
        points=(point(rng), int(rng.choice([-128, 0, 5]))),
    )


def depthwise(rng: np.random.Generator) -> Layer:
    """A depthwise 3x3 layer."""
    _, _, _, options = random_window(rng)
    stride = [int(n) for n in rng.choice([1, 1, 2, 3, 4], 2)]
    padding = str(options["padding"])
    size = [int(n) for n in rng.integers(1 if padding == "SAME" else 3, 9, 2)]
    out = [output_size(side, 3, step, 1, padding) for side, step in zip(size, stride, strict=True)]
    channels, batches = int(rng.choice(CHANNELS)), int(rng.choice([1, 1, 1, 2]))
    dilation = int(rng.random() < 0.1) + 1 if padding == "SAME" else 1
    options |= {
        "stride_h": stride[0],
        "stride_w": stride[1],
        "dilation_h_factor": dilation,
        "dilation_w_factor": 1,
    }
    return Layer(
        "DEPTHWISE_CONV_2D",
        (batches, *size, channels),
        (1, 3, 3, channels),
        (batches, *out, channels),
        options,
        channels,
        axis=3,
        **random_scales(rng),
    )


def test_convolutions(case_count: int) -> None:
    answers = run(convolutions(np.random.default_rng(41), case_count))
    kernels = [kernel for answer in answers for kernel in answer.kernels]
    assert kernels.count("ep_mve_conv_1x1_s8") > case_count // 12
    assert kernels.count("ep_mve_conv_2d_s8") > case_count // 5


def wide(rng: np.random.Generator) -> Layer:
    """A depthwise 3x3 layer of few, long lines."""
    drawn = depthwise(rng)
    stride = [int(n) for n in rng.choice([1, 1, 2], 2)]
    padding = str(drawn.options["padding"])
    size = [int(rng.integers(3, 6)), int(rng.integers(9, 28))]
    out = [output_size(side, 3, step, 1, padding) for side, step in zip(size, stride, strict=True)]
    channels = drawn.channels
    return dataclasses.replace(
        drawn,
        x=(drawn.x[0], *size, channels),
        y=(drawn.y[0], *out, channels),
        options=drawn.options
        | {"stride_h": stride[0], "stride_w": stride[1], "dilation_h_factor": 1},
    )


def test_depthwise_of_long_lines(case_count: int) -> None:
    rng = np.random.default_rng(50)
    cases = [quantised_case(rng, wide(rng)) for _ in range(case_count // 2)]
    kernels = [kernel for answer in run(cases) for kernel in answer.kernels]
    assert kernels.count("ep_mve_planar_s8") > case_count // 6


def test_depthwise(case_count: int) -> None:
    rng = np.random.default_rng(42)
    cases = [quantised_case(rng, depthwise(rng)) for _ in range(case_count)]
    kernels = [kernel for answer in run(cases) for kernel in answer.kernels]
    assert kernels.count("ep_mve_depthwise_s8") > case_count // 3


def tie_image(rng: np.random.Generator, depthwise: bool, ratio: float) -> Case:
    """Small sums at `ratio` times the output's scale, many of them halfway between outputs."""
    builder = ModelBuilder()
    shape = (1, 3, 3, 8) if depthwise else (8, 1, 1, 2)
    weights = rng.integers(-3, 4, shape).astype(np.int8)
    channels = 8 if depthwise else 2
    x = builder.tensor((1, 12, 12, channels), "int8", scale=1.0)
    w = builder.tensor(shape, "int8", scale=[1.0] * 8, data=weights, axis=3 if depthwise else 0)
    bias = builder.tensor((8,), "int32", scale=[1.0] * 8, data=rng.integers(-9, 9, 8))
    y = builder.tensor((1, 12, 12, 8), "int8", scale=ratio, zero_point=3)
    kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    options = {"depth_multiplier": 1} if depthwise else {}
    builder.operator(kind, [x, w, bias], [y], padding="SAME", stride_h=1, stride_w=1, **options)
    values = rng.integers(-20, 21, (1, 12, 12, channels)).astype(np.int8)
    return Case(builder.build([x], [y]), [values], label=f"{kind} ties {ratio}")


def test_ties() -> None:
    rng = np.random.default_rng(43)
    ratios = (4.0, 6.0, 10.0)
    cases = [tie_image(rng, depthwise, ratio) for ratio in ratios for depthwise in (False, True)]
    kernels = [kernel for answer in run(cases) for kernel in answer.kernels]
    assert all(kernel.startswith("ep_mve_") for kernel in kernels)
    assert "ep_mve_planar_s8" in kernels


def test_weights_that_do_not_fit_in_pairs() -> None:
    """-128 twice in a channel, under inputs of -128: their products do not add up to an int16."""
    cases = []
    for count in (1, 2, 9):
        for activation in ("NONE", "RELU"):
            builder = ModelBuilder()
            weights = np.zeros((1, 3, 3, 16), np.int8)
            weights.reshape(9, 16)[:count] = -128
            x = builder.tensor((1, 4, 5, 16), "int8", scale=0.1, zero_point=0)
            w = builder.tensor(weights.shape, "int8", scale=[0.01] * 16, data=weights, axis=3)
            bias = np.zeros(16, np.int32)
            b = builder.tensor((16,), "int32", scale=[0.001] * 16, data=bias)
            y = builder.tensor((1, 4, 5, 16), "int8", scale=1.5, zero_point=-128)
            builder.operator(
                "DEPTHWISE_CONV_2D",
                [x, w, b],
                [y],
                padding="SAME",
                stride_h=1,
                stride_w=1,
                depth_multiplier=1,
                fused_activation_function=activation,
            )
            values = np.full((1, 4, 5, 16), -128, np.int8)
            cases.append(Case(builder.build([x], [y]), [values], label=f"{count} {activation}"))
    answers = run(cases)
    assert ["ep_mve_depthwise_s8" in answer.kernels for answer in answers] == [True] * 2 + [
        False
    ] * 4
