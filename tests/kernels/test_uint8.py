"""Models of TFLite 1.x: uint8 activations, here turned into int8 where that gives the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.lowering import lower
from edgepack.compiler.reader import read_model
from edgepack.program import LowerSpec
from tests.kernels.binary_cases import random_scales, random_shapes
from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_scale, random_values, unary_case
from tests.kernels.pool_cases import pool_case
from tests.kernels.weighted_cases import ACTIVATIONS
from tests.tflite_builder import ModelBuilder

EVERY = np.arange(256).astype(np.uint8)


def point(rng: np.random.Generator) -> int:
    return int(rng.choice([0, 255, 128, int(rng.integers(0, 256))]))


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"])
def test_pairs(kind: str, case_count: int) -> None:
    rng = np.random.default_rng(1)
    check([_pair(rng, kind, number) for number in range(case_count // 2)])


def _pair(rng: np.random.Generator, kind: str, number: int) -> Case:
    shapes = random_shapes(rng, 4)
    scales, points = random_scales(rng, kind), [point(rng) for _ in range(3)]
    options: dict[str, object] = {"fused_activation_function": str(rng.choice(ACTIVATIONS))}
    if kind in ("MAXIMUM", "MINIMUM"):
        scales, points, options = scales[:1] * 3, points[:1] * 3, {}
    shapes = tuple((1, *shape) for shape in shapes)
    values = [random_values(rng, shape, "uint8") for shape in shapes]
    builder = ModelBuilder()
    inputs = [
        builder.tensor(
            shapes[place],
            "uint8",
            scale=scales[place],
            zero_point=points[place],
            data=values[place] if place == number % 3 else None,
        )
        for place in (0, 1)
    ]
    out = np.broadcast_shapes(*shapes)
    y = builder.tensor(out, "uint8", scale=scales[2], zero_point=points[2])
    builder.operator(kind, inputs, [y], version=2, **options)
    free = [place for place in (0, 1) if place != number % 3]
    model = builder.build([inputs[place] for place in free], [y])
    label = f"{kind} {shapes} {scales} {points} {options}"
    return Case(model, [values[p] for p in free], label=label, optimise=number % 2 == 0)


@pytest.mark.parametrize(
    "kind", ["RELU", "RELU6", "RELU_N1_TO_1", "LEAKY_RELU", "HARD_SWISH", "LOGISTIC", "TANH"]
)
def test_tables(kind: str) -> None:
    rng = np.random.default_rng(2)
    cases = []
    for _ in range(8):
        one = random_scale(rng)
        two = 1 / 256 if kind == "LOGISTIC" else float(np.float32(one * rng.uniform(0.3, 3)))
        options = {"alpha": 0.3} if kind == "LEAKY_RELU" else {}
        points = (point(rng), 0 if kind == "LOGISTIC" else point(rng))
        cases.append(unary_case(kind, EVERY, scales=(one, two), zero_points=points, **options))
    check(cases)


def test_softmax(case_count: int) -> None:
    rng = np.random.default_rng(3)
    cases = []
    for _ in range(case_count // 2):
        x = random_values(rng, (3, int(rng.integers(1, 20))), "uint8")
        scale, zero = random_scale(rng, -2, 0), point(rng)
        points = (zero, 0)
        cases.append(
            unary_case("SOFTMAX", x, scales=(scale, 1 / 256), zero_points=points, beta=1.0)
        )
    check(cases)


@pytest.mark.parametrize("kind", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
def test_pools(kind: str, case_count: int) -> None:
    rng = np.random.default_rng(4)
    check([pool_case(kind, rng, "uint8", n) for n in range(case_count)])


def test_means(case_count: int) -> None:
    rng = np.random.default_rng(5)
    cases = []
    for number in range(case_count // 2):
        shape = (1, *(int(n) for n in rng.integers(1, 9, 3)))
        one, points = random_scale(rng), [point(rng), point(rng)]
        two = one if number % 3 == 0 else float(np.float32(one * rng.uniform(0.3, 2)))
        builder = ModelBuilder()
        x = builder.tensor(shape, "uint8", scale=one, zero_point=points[0])
        axes = builder.tensor((2,), "int32", data=[1, 2])
        y = builder.tensor((1, 1, 1, shape[3]), "uint8", scale=two, zero_point=points[1])
        builder.operator("MEAN", [x, axes], [y], keep_dims=True, version=2)
        values = random_values(rng, (3, *shape[1:]), "uint8")
        cases.append(Case(builder.build([x], [y]), [values], label=f"{shape} {one} {two} {points}"))
    check(cases)


def network(rng: np.random.Generator) -> Case:
    """Convolution, pool, reshape, dense layer, softmax and a real output, on uint8."""
    builder = ModelBuilder()
    x = builder.tensor((1, 8, 8, 3), "uint8", scale=0.02, zero_point=120)
    w = builder.tensor(
        (4, 3, 3, 3), "uint8", scale=0.01, zero_point=131, data=rng.integers(0, 256, (4, 3, 3, 3))
    )
    b = builder.tensor((4,), "int32", scale=0.0002, data=rng.integers(-3000, 3000, 4))
    y = builder.tensor((1, 8, 8, 4), "uint8", scale=0.05, zero_point=10)
    builder.operator(
        "CONV_2D", [x, w, b], [y], padding="SAME", stride_h=1, stride_w=1,
        fused_activation_function="RELU6",
    )  # fmt: skip
    pool = builder.tensor((1, 4, 4, 4), "uint8", scale=0.05, zero_point=10)
    builder.operator(
        "AVERAGE_POOL_2D", [y], [pool], padding="VALID", stride_h=2, stride_w=2, filter_height=2,
        filter_width=2,
    )  # fmt: skip
    flat = builder.tensor((1, 64), "uint8", scale=0.05, zero_point=10)
    builder.operator("RESHAPE", [pool], [flat], new_shape=[1, 64])
    v = builder.tensor(
        (10, 64), "uint8", scale=0.02, zero_point=128, data=rng.integers(0, 256, (10, 64))
    )
    out = builder.tensor((1, 10), "uint8", scale=0.3, zero_point=128)
    builder.operator("FULLY_CONNECTED", [flat, v], [out])
    soft = builder.tensor((1, 10), "uint8", scale=1 / 256, zero_point=0)
    builder.operator("SOFTMAX", [out], [soft], beta=1.0)
    real = builder.tensor((1, 10), "float32")
    builder.operator("DEQUANTIZE", [soft], [real])
    values = rng.integers(0, 256, (5, 8, 8, 3)).astype(np.uint8)
    return Case(builder.build([x], [real, soft]), [values], label="network")


def test_a_network() -> None:
    case = network(np.random.default_rng(6))
    check([case, Case(case.model, case.inputs, label="optimised", optimise=True)])
    steps = lower(read_model(case.model), LowerSpec()).steps
    kernels = [step.kernel for step in steps]
    assert "ep_conv_2d_u8" in kernels and "ep_dense_s8" in kernels  # 131 and 128
    assert kernels.count("ep_flip_sign") <= 4
