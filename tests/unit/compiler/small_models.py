"""Small well-formed models that the reader's and the validator's tests start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tests.tflite_builder import ModelBuilder


def cnn() -> Any:
    """int8: CONV_2D, DEPTHWISE_CONV_2D, AVERAGE_POOL_2D, RESHAPE, FULLY_CONNECTED, SOFTMAX."""
    rng = np.random.default_rng(1)
    b = ModelBuilder()
    x = b.tensor((1, 8, 8, 1), scale=0.5, zero_point=-1, name="x", signature=(-1, 8, 8, 1))
    w0 = _weights(b, rng, (4, 3, 3, 1), [0.01, 0.02, 0.03, 0.04], 0, "conv/weights")
    b0 = _bias(b, [0.005, 0.01, 0.015, 0.02], "conv/bias")
    h0 = b.tensor((1, 8, 8, 4), scale=0.1, name="conv")
    w1 = _weights(b, rng, (1, 3, 3, 4), [0.1, 0.1, 0.2, 0.2], 3, "depthwise/weights")
    b1 = _bias(b, [0.01, 0.01, 0.02, 0.02], "depthwise/bias")
    h1 = b.tensor((1, 4, 4, 4), scale=0.2, zero_point=5, name="depthwise")
    h2 = b.tensor((1, 2, 2, 4), scale=0.2, zero_point=5, name="pool")
    shape = b.tensor((2,), "int32", data=[1, 16], name="shape")
    h3 = b.tensor((1, 16), scale=0.2, zero_point=5, name="flat")
    w2 = _weights(b, rng, (3, 16), [0.05], 0, "dense/weights")
    b2 = _bias(b, [0.01] * 3, "dense/bias", per_tensor=True)
    h4 = b.tensor((1, 3), scale=0.3, zero_point=7, name="logits")
    y = b.tensor((1, 3), scale=1 / 256, zero_point=-128, name="y")
    conv = {"padding": "SAME", "dilation_w_factor": 1, "dilation_h_factor": 1}
    b.operator("CONV_2D", [x, w0, b0], [h0], stride_w=1, stride_h=1, **conv,
               fused_activation_function="RELU")  # fmt: skip
    b.operator("DEPTHWISE_CONV_2D", [h0, w1, b1], [h1], stride_w=2, stride_h=2, **conv,
               depth_multiplier=1)  # fmt: skip
    b.operator("AVERAGE_POOL_2D", [h1], [h2], padding="VALID", stride_w=2, stride_h=2,
               filter_width=2, filter_height=2)  # fmt: skip
    b.operator("RESHAPE", [h2, shape], [h3], new_shape=(1, 16))
    b.operator("FULLY_CONNECTED", [h3, w2, b2], [h4])
    b.operator("SOFTMAX", [h4], [y], beta=1.0)
    return b.model([x], [y])


def dense(inputs: int, outputs: int) -> Any:
    """int8: one FULLY_CONNECTED."""
    rng = np.random.default_rng(7)
    b = ModelBuilder()
    x = b.tensor((1, inputs), scale=0.05, zero_point=-1, name="x")
    w = _weights(b, rng, (outputs, inputs), [0.004], 0, "w")
    bias = _bias(b, [0.0002] * outputs, "b", per_tensor=True)
    y = b.tensor((1, outputs), scale=0.4, zero_point=3, name="y")
    b.operator("FULLY_CONNECTED", [x, w, bias], [y])
    return b.model([x], [y])


def residual() -> Any:
    """int8: CONV_2D, ADD, PAD, MAX_POOL_2D, CONCATENATION, MEAN, MUL, SUB."""
    rng = np.random.default_rng(2)
    b = ModelBuilder()
    same = {"scale": 0.25, "zero_point": 3}
    x = b.tensor((1, 4, 4, 2), name="x", **same)
    w = _weights(b, rng, (2, 1, 1, 2), [0.02, 0.04], 0, "weights")
    bias = _bias(b, [0.005, 0.01], "bias")
    h0 = b.tensor((1, 4, 4, 2), name="conv", **same)
    h1 = b.tensor((1, 4, 4, 2), name="add", **same)
    pads = b.tensor((4, 2), "int32", data=[[0, 0], [1, 1], [1, 1], [0, 0]], name="paddings")
    h2 = b.tensor((1, 6, 6, 2), name="pad", **same)
    h3 = b.tensor((1, 3, 3, 2), name="pool", **same)
    h4 = b.tensor((1, 3, 3, 4), name="concat", **same)
    axes = b.tensor((2,), "int32", data=[1, 2], name="axes")
    h5 = b.tensor((1, 4), name="mean", **same)
    k = b.tensor((4,), scale=0.5, data=[1, 2, 3, 4], name="factors")
    h6 = b.tensor((1, 4), name="mul", **same)
    y = b.tensor((1, 4), scale=0.5, zero_point=-3, name="y")
    one = {"stride_w": 1, "stride_h": 1, "dilation_w_factor": 1, "dilation_h_factor": 1}
    b.operator("CONV_2D", [x, w, bias], [h0], padding="VALID", **one)
    b.operator("ADD", [x, h0], [h1], fused_activation_function="RELU6")
    b.operator("PAD", [h1, pads], [h2])
    b.operator("MAX_POOL_2D", [h2], [h3], padding="VALID", stride_w=2, stride_h=2,
               filter_width=2, filter_height=2)  # fmt: skip
    b.operator("CONCATENATION", [h3, h3], [h4], axis=-1)
    b.operator("MEAN", [h4, axes], [h5], keep_dims=False)
    b.operator("MUL", [h5, k], [h6])
    b.operator("SUB", [h6, h5], [y])
    return b.model([x], [y])


def floats() -> Any:
    """float32: FULLY_CONNECTED, LEAKY_RELU, SPLIT, MAXIMUM, LOGISTIC; two inputs, two outputs."""
    rng = np.random.default_rng(3)
    b = ModelBuilder()
    x, z = b.tensor((1, 6), "float32", name="x"), b.tensor((1, 4), "float32", name="z")
    w = b.tensor((8, 6), "float32", data=rng.normal(size=(8, 6)), name="weights")
    bias = b.tensor((8,), "float32", data=rng.normal(size=8), name="bias")
    h0, h1 = (b.tensor((1, 8), "float32", name=n) for n in ("dense", "leaky"))
    axis = b.tensor((), "int32", data=1, name="axis")
    h2, h3 = (b.tensor((1, 4), "float32", name=n) for n in ("left", "right"))
    y0, y1 = (b.tensor((1, 4), "float32", name=n) for n in ("y0", "y1"))
    b.operator("FULLY_CONNECTED", [x, w, bias], [h0])
    b.operator("LEAKY_RELU", [h0], [h1], alpha=0.1)
    b.operator("SPLIT", [axis, h1], [h2, h3], num_splits=2)
    b.operator("MAXIMUM", [h2, z], [y0])
    b.operator("LOGISTIC", [h3], [y1])
    return b.model([x, z], [y0, y1])


def moves() -> Any:
    """float32 ends, int8 within: QUANTIZE, STRIDED_SLICE, TRANSPOSE, SQUEEZE, DEQUANTIZE."""
    b = ModelBuilder()
    same = {"scale": 0.125, "zero_point": 4}
    x = b.tensor((1, 6, 5, 1), "float32", name="x")
    h0 = b.tensor((1, 6, 5, 1), name="quantize", **same)
    begin, end, step = (
        b.tensor((4,), "int32", data=v, name=n)
        for v, n in (([0, 0, 1, 0], "begin"), ([1, 6, 5, 1], "end"), ([1, 2, 1, 1], "strides"))
    )
    h1 = b.tensor((1, 3, 4, 1), name="slice", **same)
    order = b.tensor((4,), "int32", data=[0, 3, 2, 1], name="order")
    h2 = b.tensor((1, 1, 4, 3), name="transpose", **same)
    h3 = b.tensor((1, 4, 3), name="squeeze", **same)
    y = b.tensor((1, 4, 3), "float32", name="y")
    b.operator("QUANTIZE", [x], [h0])
    b.operator("STRIDED_SLICE", [h0, begin, end, step], [h1], begin_mask=0, end_mask=0)
    b.operator("TRANSPOSE", [h1, order], [h2])
    b.operator("SQUEEZE", [h2], [h3], squeeze_dims=[1])
    b.operator("DEQUANTIZE", [h3], [y])
    return b.model([x], [y])


def _weights(b: ModelBuilder, rng: Any, shape: Any, scales: Any, axis: int, name: str) -> int:
    scale = scales if len(scales) > 1 else scales[0]
    data = rng.integers(-127, 128, shape)
    return b.tensor(shape, scale=scale, axis=axis, data=data, name=name)


def _bias(b: ModelBuilder, scales: Any, name: str, per_tensor: bool = False) -> int:
    scale = scales[0] if per_tensor else scales
    return b.tensor((len(scales),), "int32", scale=scale, data=range(len(scales)), name=name)


MODELS: Mapping[str, Callable[[], Any]] = {
    "cnn": cnn,
    "residual": residual,
    "floats": floats,
    "moves": moves,
}
