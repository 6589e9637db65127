"""What the optimiser leaves of a model answers the same bits as the whole of it, and as TFLite."""

from __future__ import annotations

import numpy as np
import pytest

from edgepack.compiler.optimiser import optimise
from edgepack.compiler.reader import read_model
from edgepack.oracle import run_reference
from tests.kernels.harness import Case, run_cases
from tests.tflite_builder import ModelBuilder

Made = tuple[bytes, list[np.ndarray], list[str]]


def constant(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    if dtype == "float32":
        return rng.standard_normal(shape).astype(np.float32)
    return rng.integers(-127, 128, shape).astype(np.int8)


def quantized(dtype: str, zero_point: int = -128, scale: float = 0.05) -> dict:
    return {} if dtype == "float32" else {"scale": scale, "zero_point": zero_point}


def padded_window(rng: np.random.Generator) -> Made:
    """PAD or PADV2, then a window that may take it over."""
    kind = rng.choice(["CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D"])
    dtype = "int8" if kind == "MAX_POOL_2D" else str(rng.choice(["int8", "int8", "float32"]))
    zero_point = -128 if kind == "MAX_POOL_2D" else int(rng.integers(-128, 128))
    kernel = rng.integers(2, 5, 2)
    pads = rng.integers(0, kernel.min(), (2, 2))
    height, width = (int(n) for n in rng.integers(5, 9, 2))
    channels = int(rng.integers(1, 5))
    b = ModelBuilder()
    x = b.tensor((1, height, width, channels), dtype, **quantized(dtype, zero_point))
    amounts = np.array([[0, 0], *pads, [0, 0]], np.int32)
    p = b.tensor((4, 2), "int32", data=amounts)
    size = (height + pads[0].sum(), width + pads[1].sum())
    y = b.tensor((1, *size, channels), dtype, **quantized(dtype, zero_point))
    if rng.random() < 0.5:
        b.operator("PAD", [x, p], [y])
    else:
        value = 0.0 if dtype == "float32" else zero_point
        v = b.tensor((1,), dtype, **quantized(dtype, zero_point), data=[value])
        b.operator("PADV2", [x, p, v], [y])
    same = kind != "MAX_POOL_2D" and rng.random() < 0.3
    stride = int(rng.integers(1, 3))
    outs = [
        -(-n // stride) if same else (n - k) // stride + 1
        for n, k in zip(size, kernel, strict=True)
    ]
    options = {"padding": "SAME" if same else "VALID", "stride_h": stride, "stride_w": stride}
    if kind == "MAX_POOL_2D":
        z = b.tensor((1, *outs, channels), dtype, **quantized(dtype, zero_point))
        filters = {"filter_height": int(kernel[0]), "filter_width": int(kernel[1])}
        b.operator(kind, [y], [z], **filters, **options)
    else:
        out_channels = channels if kind == "DEPTHWISE_CONV_2D" else int(rng.integers(1, 6))
        shape = (
            (1, *kernel, channels) if out_channels == channels and kind != "CONV_2D"
            else (out_channels, *kernel, channels)
        )  # fmt: skip
        w = b.tensor(shape, dtype, **quantized(dtype, 0, 0.01), data=constant(rng, shape, dtype))
        wide = dtype if dtype == "float32" else "int32"
        bias = b.tensor((out_channels,), wide, **quantized(dtype, 0, 0.0005),
                        data=rng.integers(-300, 300, out_channels))  # fmt: skip
        z = b.tensor((1, *outs, out_channels), dtype, **quantized(dtype, 3, 0.2))
        extra = {"depth_multiplier": 1} if kind == "DEPTHWISE_CONV_2D" else {}
        options |= {"dilation_h_factor": 1, "dilation_w_factor": 1}
        b.operator(kind, [y, w, bias], [z], **options, **extra)
    return b.build([x], [z]), [constant(rng, (3, height, width, channels), dtype)], [str(kind)]


def padded_pixel(rng: np.random.Generator) -> Made:
    """PAD, then a convolution of one pixel, which then reads outside its input."""
    b = ModelBuilder()
    q = quantized("int8", int(rng.integers(-128, 128)))
    x, y = b.tensor((1, 4, 5, 4), "int8", **q), b.tensor((1, 7, 6, 4), "int8", **q)
    amounts = b.tensor((4, 2), "int32", data=[[0, 0], [1, 2], [0, 1], [0, 0]])
    b.operator("PAD", [x, amounts], [y])
    shape = (4, 1, 1, 4)
    w = b.tensor(shape, "int8", **quantized("int8", 0, 0.01), data=constant(rng, shape, "int8"))
    bias = b.tensor((4,), "int32", **quantized("int8", 0, 0.0005), data=rng.integers(-300, 300, 4))
    z = b.tensor((1, 7, 6, 4), "int8", **quantized("int8", 3, 0.2))
    options = {"padding": "SAME", "stride_h": 1, "stride_w": 1}
    factors = {"dilation_h_factor": 1, "dilation_w_factor": 1}
    b.operator("CONV_2D", [y, w, bias], [z], **options, **factors)
    return b.build([x], [z]), [constant(rng, (3, 4, 5, 4), "int8")], ["CONV_2D"]


def clamped_sum(rng: np.random.Generator) -> Made:
    """An activation behind an ADD that has none."""
    dtype = str(rng.choice(["int8", "float32"]))
    clamp = str(rng.choice(["RELU", "RELU6", "RELU_N1_TO_1"]))
    b = ModelBuilder()
    x = b.tensor((1, 12), dtype, **quantized(dtype, 5, 0.03))
    y = b.tensor((1, 12), dtype, **quantized(dtype, -7, 0.06))
    z = b.tensor((1, 12), dtype, **quantized(dtype, -7, 0.06))
    b.operator("ADD", [x, x], [y], fused_activation_function="NONE")
    b.operator(clamp, [y], [z])
    return b.build([x], [z]), [constant(rng, (4, 12), dtype)], ["ADD"]


def idle_operators(rng: np.random.Generator) -> Made:
    """A clamp at the ends of int8, a QUANTIZE that changes nothing, a RESHAPE to the same shape."""
    b = ModelBuilder()
    q = quantized("int8", -128, 0.01)
    tensors = [b.tensor((1, 12), "int8", **q) for _ in range(5)]
    shape = b.tensor((2,), "int32", data=[1, 12])
    b.operator("RELU", tensors[0:1], tensors[1:2])
    b.operator("QUANTIZE", tensors[1:2], tensors[2:3])
    b.operator("RESHAPE", [tensors[2], shape], tensors[3:4], new_shape=[1, 12])
    b.operator("ADD", [tensors[3], tensors[0]], tensors[4:5], fused_activation_function="NONE")
    return b.build(tensors[:1], tensors[4:]), [constant(rng, (4, 12), "int8")], ["ADD"]


def dead_and_constant(rng: np.random.Generator) -> Made:
    """A branch that nobody reads, and a transposed and reshaped constant."""
    b = ModelBuilder()
    q = quantized("int8", 4, 0.1)
    x, dead, z = (b.tensor((1, 6), "int8", **q) for _ in range(3))
    c = b.tensor((3, 2), "int8", **q, data=constant(rng, (3, 2), "int8"))
    order = b.tensor((2,), "int32", data=[1, 0])
    turned = b.tensor((2, 3), "int8", **q)
    flat = b.tensor((1, 6), "int8", **q)
    shape = b.tensor((2,), "int32", data=[1, 6])
    b.operator("TRANSPOSE", [c, order], [turned])
    b.operator("RESHAPE", [turned, shape], [flat], new_shape=[1, 6])
    b.operator("RELU", [x], [dead])
    b.operator("ADD", [x, flat], [z], fused_activation_function="NONE")
    return b.build([x], [z]), [constant(rng, (4, 6), "int8")], ["ADD"]


def constant_output(rng: np.random.Generator) -> Made:
    """An output of the model that is a constant once the optimiser has seen it."""
    b = ModelBuilder()
    q = quantized("int8", 4, 0.1)
    x, y = b.tensor((1, 6), "int8", **q), b.tensor((1, 6), "int8", **q)
    c = b.tensor((2, 3), "int8", **q, data=constant(rng, (2, 3), "int8"))
    shape = b.tensor((2,), "int32", data=[1, 6])
    flat = b.tensor((1, 6), "int8", **q)
    b.operator("RESHAPE", [c, shape], [flat], new_shape=[1, 6])
    b.operator("ADD", [x, x], [y], fused_activation_function="NONE")
    return b.build([x], [flat, y]), [constant(rng, (4, 6), "int8")], ["ADD"]


MAKERS = (padded_window, padded_window, padded_pixel, padded_window, clamped_sum, idle_operators,
          dead_and_constant, constant_output)  # fmt: skip


@pytest.fixture(scope="module")
def made() -> list[Made]:
    rng = np.random.default_rng(11)
    return [MAKERS[i % len(MAKERS)](rng) for i in range(40)]


def test_only_what_is_needed_remains(made: list[Made]) -> None:
    for model, _, kinds in made:
        graph = optimise(read_model(model))
        assert [operator.kind for operator in graph.operators] == kinds


def test_the_answers_stay(made: list[Made]) -> None:
    cases = [Case(m, x, optimise=o) for m, x, _ in made for o in (False, True)]
    outputs = run_cases(cases)
    for number, (model, inputs, _) in enumerate(made):
        plain, optimised = outputs[2 * number], outputs[2 * number + 1]
        for one, other in zip(plain, optimised, strict=True):
            assert one.tobytes() == other.tobytes(), f"case {number} {made[number][2]}"
        expected = run_reference(model, inputs).outputs
        for one, other in zip(plain, expected, strict=True):
            if one.dtype == np.int8:
                assert one.tobytes() == other.tobytes(), f"case {number}"
