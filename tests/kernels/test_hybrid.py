"""Layers on floats with int8 weights."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack import oracle
from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case, run_cases
from tests.kernels.oracle_check import check
from tests.kernels.weighted_cases import ACTIVATIONS, random_window
from tests.tflite_builder import ModelBuilder

SAMPLES = 3


def values_of(rng: np.random.Generator, shape: tuple[int, ...], number: int) -> np.ndarray:
    """Floats of one sign or both, some of them all zero, some on a grid that makes ties."""
    x = rng.standard_normal(shape) * 10.0 ** rng.uniform(-3, 3)
    if number % 5 == 1:
        x = np.abs(x)
    if number % 5 == 2:
        x = -np.abs(x)
    if number % 5 == 3:
        x = rng.integers(-254, 255, shape) / 2
    if number % 7 == 4:
        x[0] = 0
    return x.astype(np.float32)


def layer_case(
    rng: np.random.Generator,
    kind: str,
    number: int,
    shapes: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]],
    axis: int,
    options: dict[str, object],
) -> Case:
    """The layer with a scale a channel or one for all, and perhaps a bias."""
    builder = ModelBuilder()
    x_shape, w_shape, y_shape = shapes
    channels = w_shape[axis]
    each = channels if kind == "DEPTHWISE_CONV_2D" or number % 3 else 1
    scales = (0.01 * np.exp(rng.normal(0, 1, each))).astype(np.float32)
    data = rng.integers(-127, 128, w_shape)
    x, y = builder.tensor(x_shape, "float32"), builder.tensor(y_shape, "float32")
    w = builder.tensor(w_shape, "int8", scale=scales.tolist(), data=data, axis=axis)
    inputs = [x, w]
    if kind != "FULLY_CONNECTED" or rng.random() < 0.7:
        bias = rng.standard_normal(channels) * 10.0 ** rng.uniform(-2, 2)
        inputs.append(builder.tensor((channels,), "float32", data=bias))
    builder.operator(kind, inputs, [y], version=5, **options)
    values = values_of(rng, (SAMPLES if x_shape[0] == 1 else x_shape[0], *x_shape[1:]), number)
    label = f"{kind} {shapes} {options} scales {each}"
    return Case(builder.build([x], [y]), [values], label=label)


def dense_case(rng: np.random.Generator, number: int) -> Case:
    batches, depth, outputs = int(rng.integers(1, 4)), *(int(n) for n in rng.integers(1, 50, 2))
    options: dict[str, object] = {
        "asymmetric_quantize_inputs": bool(number % 2),
        "fused_activation_function": str(rng.choice(ACTIVATIONS)),
    }
    shapes = ((batches, depth), (outputs, depth), (batches, outputs))
    return layer_case(rng, "FULLY_CONNECTED", number, shapes, 0, options)


def conv_case(rng: np.random.Generator, kind: str, number: int) -> Case:
    size, window, out, options = random_window(rng, 7)
    batch = 2 if number % 6 == 5 else 1
    in_c, channels = (int(n) for n in rng.integers(1, 10, 2))
    if kind == "CONV_2D":
        depth = in_c
        if number % 6 == 1:  # groups, which LiteRT runs with a scale a channel only
            in_c, channels = 2 * in_c, 2 * channels
        shapes = ((batch, *size, in_c), (channels, *window, depth), (batch, *out, channels))
        return layer_case(rng, kind, number, shapes, 0, options)
    multiplier = int(rng.integers(1, 4))
    channels = in_c * multiplier
    options["depth_multiplier"] = multiplier
    shapes = ((batch, *size, in_c), (1, *window, channels), (batch, *out, channels))
    return layer_case(rng, kind, number, shapes, 3, options)


def test_fully_connected(case_count: int) -> None:
    rng = np.random.default_rng(71)
    check([dense_case(rng, n) for n in range(case_count)])


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_convolutions(kind: str, case_count: int) -> None:
    rng = np.random.default_rng(72)
    check([conv_case(rng, kind, n) for n in range(case_count)])


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("count", [5, 16])
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_what_is_no_number_is_converted_by_no_undefined_step(
    value: float, count: int, free: bool
) -> None:
    """The sanitizers stop at a NaN that becomes an integer."""
    builder = ModelBuilder()
    x, y = (builder.tensor((1, n), "float32") for n in (count, 2))
    w = builder.tensor((2, count), "int8", scale=0.5, data=np.ones((2, count)))
    builder.operator("FULLY_CONNECTED", [x, w], [y], asymmetric_quantize_inputs=free)
    values = np.ones((1, count), np.float32)
    values[0, 1] = value
    run_cases([Case(builder.build([x], [y]), [values])])


def test_a_depthwise_layer_with_one_scale_is_refused() -> None:
    builder = ModelBuilder()
    x = builder.tensor((1, 3, 3, 2), "float32")
    w = builder.tensor((1, 2, 2, 2), "int8", scale=0.5, data=np.ones((1, 2, 2, 2)))
    y = builder.tensor((1, 3, 3, 2), "float32")
    options = {"stride_h": 1, "stride_w": 1, "depth_multiplier": 1}
    builder.operator("DEPTHWISE_CONV_2D", [x, w], [y], **options)
    with pytest.raises(ModelError, match="it needs a scale for each of its 2 channels and a depth"):
        read_model(builder.build([x], [y]))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("CONV_2D", {"stride_h": 1, "stride_w": 1}),
        ("FULLY_CONNECTED", {"asymmetric_quantize_inputs": False}),
        ("FULLY_CONNECTED", {"asymmetric_quantize_inputs": True}),
    ],
)
def test_weights_of_minus_128(kind: str, options: dict[str, object]) -> None:
    """LiteRT multiplies them by negative inputs as if they were 128; half of them, with twice the
    scale, it multiplies right."""
    rng = np.random.default_rng(75)
    weights, spread = rng.choice([-128, -126, 2, 64], (5, 37)), (1, 1) * (kind == "CONV_2D")
    values = rng.standard_normal((1, *spread, 37)).astype(np.float32)
    models = []
    for part in (1, 2):
        builder = ModelBuilder()
        x, y = (builder.tensor((1, *spread, size), "float32") for size in (37, 5))
        data = (weights // part).reshape(5, *spread, 37)
        w = builder.tensor((5, *spread, 37), "int8", scale=0.01 * part, data=data)
        bias = builder.tensor((5,), "float32", data=np.zeros(5))
        builder.operator(kind, [x, w, bias], [y], version=5, **options)
        models.append(Case(builder.build([x], [y]), [values]))
    whole, halves = oracle.run_cases([oracle.Case(case.model, (values,)) for case in models])
    assert isinstance(whole, oracle.ReferenceRun)
    assert isinstance(halves, oracle.ReferenceRun)
    ((answer,),) = run_cases(models[:1])
    np.testing.assert_array_equal(answer, halves.outputs[0].reshape(answer.shape))
    assert (answer != whole.outputs[0].reshape(answer.shape)).any()
