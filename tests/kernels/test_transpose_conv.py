from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.reader import read_model
from edgepack.errors import ModelError
from tests.kernels.harness import Case
from tests.kernels.oracle_check import check, random_scale, random_values
from tests.kernels.weighted_cases import ACTIVATIONS, point
from tests.tflite_builder import ModelBuilder

SAMPLES = 2


def transpose_case(rng: np.random.Generator, dtype: str, number: int, hybrid: bool = False) -> Case:
    """Random sizes: kernels smaller and larger than their strides, outputs of every size."""
    batch = 2 if number % 7 == 0 else 1
    in_h, in_w, in_c = (int(n) for n in rng.integers(1, 6, 3))
    kernel_h, kernel_w = (int(n) for n in rng.integers(1, 6, 2))
    stride_h, stride_w = (int(n) for n in rng.integers(1, 4, 2))
    channels = int(rng.integers(1, 8))
    padding = str(rng.choice(["SAME", "VALID"]))
    sides = ((in_h, kernel_h, stride_h), (in_w, kernel_w, stride_w))
    least = [(n - 1) * s + (1 if padding == "SAME" else k) for n, k, s in sides]
    out = [n + int(rng.integers(0, s)) for n, (_, _, s) in zip(least, sides, strict=True)]
    options: dict[str, object] = {
        "padding": padding,
        "stride_h": stride_h,
        "stride_w": stride_w,
        "fused_activation_function": str(rng.choice(ACTIVATIONS)),
    }
    integer = dtype != "float32"
    bias_type = {"int8": "int32", "uint8": "int32", "float32": "float32"}.get(dtype, "int64")
    if dtype == "int16" and number % 3 == 0:
        bias_type = "int32"
        options["quantized_bias_type"] = "INT32"
    builder = ModelBuilder()
    shape = (batch, *out, channels)
    size = builder.tensor((4,), "int32", data=shape)
    w_shape = (channels, kernel_h, kernel_w, in_c)
    w_type = "int8" if integer or hybrid else "float32"
    unsigned = dtype == "uint8"
    w_type = dtype if unsigned else w_type
    values = random_values(rng, w_shape, w_type)
    x_shape = (batch, in_h, in_w, in_c)
    if not integer:
        each = channels if number % 2 else 1
        spread = (0.01 * np.exp(rng.normal(0, 1, each))).astype(np.float32).tolist()
        w = builder.tensor(w_shape, w_type, scale=spread if hybrid else None, data=values)
        x, y = builder.tensor(x_shape, dtype), builder.tensor(shape, dtype)
        bias_scale: list[float] | None = None
    else:
        count = channels if number % 2 and not unsigned else 1
        scales = (0.01 * np.exp(rng.normal(0, 1, count))).astype(np.float32)
        x_scale = random_scale(rng)
        reach = 18000.0 if dtype == "int16" else 74.0
        likely = x_scale * float(scales.mean()) * reach * 74 * np.sqrt(values[0].size)
        gain = 10.0 ** rng.uniform(*((-1, 4) if number % 9 == 0 else (-0.7, 0.7)))
        y_scale = float(np.float32(likely / (2**14 if dtype == "int16" else 64) * gain))
        points = (point(rng), point(rng)) if dtype != "int16" else (0, 0)
        points = (points[0] + 128, points[1] + 128) if unsigned else points
        middle = int(rng.integers(0, 256)) if unsigned else 0
        w = builder.tensor(w_shape, w_type, scale=scales.tolist(), zero_point=middle, data=values)
        x = builder.tensor(x_shape, dtype, scale=x_scale, zero_point=points[0])
        y = builder.tensor(shape, dtype, scale=y_scale, zero_point=points[1])
        bias_scale = (np.float32(x_scale) * scales).tolist()
    inputs = [size, w, x]
    if rng.random() < 0.7:
        biases = random_values(rng, (channels,), "float32")
        if integer:
            most = 10**6 if dtype == "int16" else 5000
            biases = rng.integers(-most, most, channels)
        inputs.append(builder.tensor((channels,), bias_type, scale=bias_scale, data=biases))
    elif options.pop("quantized_bias_type", None) and number % 2:
        options["quantized_bias_type"] = "INT64"
    builder.operator("TRANSPOSE_CONV", inputs, [y], version=3, **options)
    samples = SAMPLES if batch == 1 else batch
    given = random_values(rng, (samples, *x_shape[1:]), dtype)
    label = f"{dtype} {x_shape} {w_shape} {shape} {options} bias {len(inputs) > 3}"
    return Case(builder.build([x], [y]), [given], label=label)


def test_int8(case_count: int) -> None:
    rng = np.random.default_rng(41)
    check([transpose_case(rng, "int8", n) for n in range(case_count)])


def test_uint8(case_count: int) -> None:
    rng = np.random.default_rng(45)
    check([transpose_case(rng, "uint8", n) for n in range(case_count)])


def test_int16(case_count: int) -> None:
    rng = np.random.default_rng(42)
    check([transpose_case(rng, "int16", n) for n in range(case_count)])


def test_float32(case_count: int) -> None:
    rng = np.random.default_rng(43)
    check([transpose_case(rng, "float32", n) for n in range(case_count)])


def test_hybrid(case_count: int) -> None:
    rng = np.random.default_rng(44)
    check([transpose_case(rng, "float32", n, hybrid=True) for n in range(case_count)])


def refused(
    out: tuple[int, ...] = (1, 4, 4, 3),
    given: tuple[int, ...] = (1, 4, 4, 3),
    depth: int = 2,
    stride: int = 2,
    bias: str | None = None,
    dtype: str = "float32",
) -> str:
    builder = ModelBuilder()
    scale = None if dtype == "float32" else 0.5
    size = builder.tensor((4,), "int32", data=given)
    w_type = "float32" if dtype == "float32" else "int8"
    w = builder.tensor((3, 2, 2, depth), w_type, scale=scale, data=np.ones((3, 2, 2, depth)))
    x = builder.tensor((1, 2, 2, 2), dtype, scale=scale)
    y = builder.tensor(out, dtype, scale=scale)
    inputs = [size, w, x]
    if bias:
        inputs.append(builder.tensor((3,), bias, data=[1, 2, 3]))
    builder.operator("TRANSPOSE_CONV", inputs, [y], stride_h=stride, stride_w=2)
    with pytest.raises(ModelError) as error:
        read_model(builder.build([x], [y]))
    return str(error.value)


def test_refusals() -> None:
    assert "must be [1,5,4,3]" in refused(given=(1, 5, 4, 3))
    assert "must be [1,4,4,3]" in refused(out=(1, 4, 4, 2), given=(1, 4, 4, 2))
    assert "is made of an input of 3x2" in refused(out=(1, 5, 4, 3), given=(1, 5, 4, 3))
    assert "does not fit the 2 input channels" in refused(depth=3)
    assert "stride_h is 0" in refused(stride=0)
    assert "is int32; supported here: int64" in refused(bias="int32", dtype="int16")
