"""Float layers whose weights are halves exactly."""

from __future__ import annotations

import dataclasses

import numpy as np

from edgepack.compiler.lowering import lower
from edgepack.compiler.reader import read_model
from edgepack.program import LowerSpec
from tests.kernels.harness import Case
from tests.kernels.oracle_check import check
from tests.kernels.weighted_cases import random_window
from tests.tflite_builder import ModelBuilder

EXTREMES = np.array([0x0001, 0x8001, 0x03FF, 0x0400, 0x7BFF, 0xFBFF, 0, 0x8000], np.uint16)


def half_case(rng: np.random.Generator, kind: str) -> Case:
    """A layer whose weights come through a DEQUANTIZE of float16, the smallest and largest too."""
    builder = ModelBuilder()
    channels = int(rng.integers(1, 10))
    if kind == "CONV_2D":
        size, window, out, options = random_window(rng, 6)
        depth = int(rng.integers(1, 6))
        x_shape, y_shape = (1, *size, depth), (1, *out, channels)
        w_shape: tuple[int, ...] = (channels, *window, depth)
    else:
        depth = int(rng.integers(1, 40))
        x_shape, w_shape, y_shape = (1, depth), (channels, depth), (1, channels)
        options = {}
    weights = rng.standard_normal(w_shape).astype(np.float16)
    flat = weights.reshape(-1)
    places = rng.integers(0, flat.size, 4)
    flat[places] = rng.choice(EXTREMES, 4).view(np.float16)
    x, y = builder.tensor(x_shape, "float32"), builder.tensor(y_shape, "float32")
    stored = builder.tensor(w_shape, "float16", data=weights)
    w = builder.tensor(w_shape, "float32")
    bias = builder.tensor((channels,), "float32", data=rng.standard_normal(channels))
    builder.operator("DEQUANTIZE", [stored], [w], version=3)
    builder.operator(kind, [x, w, bias], [y], **options)
    values = rng.standard_normal((3, *x_shape[1:])).astype(np.float32)
    return Case(builder.build([x], [y]), [values], label=f"{kind} {x_shape} {w_shape} {options}")


def test_layers(case_count: int) -> None:
    rng = np.random.default_rng(91)
    kinds = ("CONV_2D", "FULLY_CONNECTED")
    size = LowerSpec(optimize="size")
    cases = [
        dataclasses.replace(half_case(rng, kinds[n % 2]), spec=size) for n in range(case_count // 2)
    ]
    check(cases)


def test_levels() -> None:
    expected = {
        "size": ["ep_conv_2d_f16", "ep_dense_f16"],
        "balanced": ["ep_conv_2d_f32", "ep_dense_f16"],  # a convolution reads its weights often
        "speed": ["ep_conv_2d_f32", "ep_dense_f32"],
    }
    rng = np.random.default_rng(92)
    graphs = [read_model(half_case(rng, kind).model) for kind in ("CONV_2D", "FULLY_CONNECTED")]
    for level, kernels in expected.items():
        programs = [lower(graph, LowerSpec(optimize=level)) for graph in graphs]
        assert [program.steps[0].kernel for program in programs] == kernels


def test_other_floats_stay_floats() -> None:
    builder = ModelBuilder()
    x, y = builder.tensor((1, 2), "float32"), builder.tensor((1, 1), "float32")
    w = builder.tensor((1, 2), "float32", data=[[0.5, 0.1]])
    builder.operator("FULLY_CONNECTED", [x, w], [y])
    program = lower(read_model(builder.build([x], [y])), LowerSpec())
    assert [step.kernel for step in program.steps] == ["ep_dense_f32"]
