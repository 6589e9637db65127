from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_scale, unary_case
from tests.tflite_builder import ModelBuilder

EVERY = np.arange(-32768, 32768).astype(np.int16).reshape(1, 65536)
UNIT = 2.0**-15


def scaled_case(rng: np.random.Generator, kind: str, **options: float) -> Case:
    """All int16 values through one quantisation; ratios that clip and that crush."""
    one = random_scale(rng, -5, -1)
    two = one if rng.random() < 0.3 else float(np.float32(one * 10.0 ** rng.uniform(-1, 2)))
    return unary_case(kind, EVERY, scales=(one, two), **options)


@pytest.mark.parametrize("kind", ["RELU", "RELU6"])
def test_relu(kind: str) -> None:
    rng = np.random.default_rng(1)
    check([scaled_case(rng, kind) for _ in range(6)])


def test_leaky_relu() -> None:
    rng = np.random.default_rng(2)
    slopes = (0.1, 0.3, 0.0, 1.5, -0.2, -1.0)
    check([scaled_case(rng, "LEAKY_RELU", alpha=slope) for slope in slopes])


@pytest.mark.parametrize("kind", ["LOGISTIC", "TANH"])
def test_sigmoids(kind: str) -> None:
    rng = np.random.default_rng(3)
    scales = [2.0**-12, 2.0**-11, 2.0**-13, 2.0**-9, 1.0, 5.3]
    scales += [random_scale(rng, -6, 0) for _ in range(6)]
    check([unary_case(kind, EVERY, scales=(scale, UNIT)) for scale in scales])


def softmax_case(rng: np.random.Generator, number: int) -> Case:
    shape = (1, int(rng.integers(1, 5)), int(rng.integers(1, 60)))
    spread = int(rng.choice([3, 200, 5000, 32767]))
    x = rng.integers(-spread, spread + 1, (3, *shape[1:])).astype(np.int16)
    if number % 4 == 0:
        x[0], x[1] = -32768, 32767
        x[2] = rng.choice([-32768, 32767], shape[1:])
    scale = random_scale(rng, -5, -0.5)
    beta = float(rng.choice([1.0, 0.3, 2.0]))
    builder = ModelBuilder()
    source = builder.tensor(shape, "int16", scale=scale)
    target = builder.tensor(shape, "int16", scale=UNIT)
    builder.operator("SOFTMAX", [source], [target], beta=beta)
    return Case(builder.build([source], [target]), [x], label=f"{shape} {scale} {beta} {spread}")


def test_softmax(case_count: int) -> None:
    rng = np.random.default_rng(4)
    check([softmax_case(rng, number) for number in range(case_count)])


def test_softmax_of_long_rows() -> None:
    builder = ModelBuilder()
    source = builder.tensor((1, 65535), "int16", scale=2.0**-20)
    target = builder.tensor((1, 65535), "int16", scale=UNIT)
    builder.operator("SOFTMAX", [source], [target], beta=1.0)
    check([Case(builder.build([source], [target]), [EVERY[:, 1:]])])


def prelu_case(rng: np.random.Generator) -> Case:
    shape = (1, *(int(n) for n in rng.integers(1, 7, 3)))
    slopes = tuple(n if rng.random() < 0.6 else 1 for n in shape[1:])
    scales = [random_scale(rng, -5, -2), random_scale(rng, -4, -1)]
    scales.append(float(np.float32(scales[0] * 10.0 ** rng.uniform(-0.3, 1))))
    builder = ModelBuilder()
    x = builder.tensor(shape, "int16", scale=scales[0])
    alpha = rng.integers(-128, 128, slopes)
    a = builder.tensor(slopes, "int8", scale=scales[1], data=alpha)
    y = builder.tensor(shape, "int16", scale=scales[2])
    builder.operator("PRELU", [x, a], [y])
    values = rng.integers(-32768, 32768, (3, *shape[1:])).astype(np.int16)
    return Case(builder.build([x], [y]), [values], label=f"{shape} {slopes} {scales}")


def test_prelu(case_count: int) -> None:
    rng = np.random.default_rng(5)
    check([prelu_case(rng) for _ in range(case_count // 2)])


@pytest.mark.parametrize(
    ("kind", "scales", "says"),
    [
        ("LOGISTIC", (6.0, UNIT), "beyond 5.33 the reference overflows"),
        ("LOGISTIC", (0.1, 0.1), "TFLite fixes 3.05175781e-05 and 0"),
        ("TANH", (0.1, 1 / 128), "TFLite fixes 3.05175781e-05 and 0"),
        ("SOFTMAX", (5.0, UNIT), "it must be positive and below 4"),
        ("HARD_SWISH", (0.1, 0.1), "is int16; supported here: int8 or uint8 or float32"),
        ("RELU_N1_TO_1", (0.1, 0.1), "is int16; supported here: int8 or uint8 or float32"),
    ],
)
def test_refusals(kind: str, scales: tuple[float, float], says: str) -> None:
    options = {"beta": 1.0} if kind == "SOFTMAX" else {}
    case = unary_case(kind, EVERY[:, :8], scales=scales, **options)
    with pytest.raises(ModelError, match=says):
        read_model(case.model, "m")


@pytest.mark.parametrize(
    ("scales", "says"),
    [
        ((2.0**-18, 0.25, 0.25), r"none above, nor below 2\^-15"),
        ((0.25, 0.5, 0.125), "TFLite needs one of them equal to it"),
        ((0.3, 0.5, 1e-6), "2\\^14 times smaller than its inputs"),
    ],
)
def test_sums_that_are_refused(scales: tuple[float, float, float], says: str) -> None:
    builder = ModelBuilder()
    tensors = [builder.tensor((1, 4), "int16", scale=scale) for scale in scales]
    builder.operator("ADD", tensors[:2], tensors[2:], version=2)
    with pytest.raises(ModelError, match=says):
        read_model(builder.build(tensors[:2], tensors[2:]), "m")
