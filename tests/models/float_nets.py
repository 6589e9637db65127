"""Small float .tflite files with random weights, for tests of what is done to them."""

from __future__ import annotations

import numpy as np

from tests.tflite_builder import ModelBuilder

SIDE, CHANNELS = 8, 3


def conv_net(seed: int = 0, activation: str = "RELU", residual: bool = False) -> bytes:
    """A convolution, a depthwise one, a pointwise one, pooling and a dense layer: 8x8x3 to 5.

    Channels reach unevenly far, as batch norm leaves them.
    """
    rng = np.random.default_rng(seed)
    b = ModelBuilder()

    def weights(name: str, *shape: int, axis: int = 0) -> int:
        uneven = np.exp(rng.normal(0, 0.8, [n if i == axis else 1 for i, n in enumerate(shape)]))
        fan = np.prod(shape) / shape[axis]
        data = rng.normal(0, 1 / np.sqrt(fan), shape) * uneven
        return b.tensor(shape, "float32", name=f"net/{name}/Conv2D", data=data.astype(np.float32))

    def bias(name: str, n: int) -> int:
        data = rng.normal(0, 0.3, n).astype(np.float32)
        return b.tensor((n,), "float32", name=f"net/{name}/BiasAdd", data=data)

    def made(name: str, *shape: int) -> int:
        return b.tensor((1, *shape), "float32", name=f"net/{name}/out")

    fused = {"fused_activation_function": activation}
    step = {"stride_w": 1, "stride_h": 1, "padding": "SAME"}
    half = {"stride_w": 2, "stride_h": 2, "padding": "SAME"}
    x = b.tensor((1, SIDE, SIDE, CHANNELS), "float32", name="x")
    first = made("first", SIDE, SIDE, 8)
    b.operator("CONV_2D", [x, weights("first", 8, 3, 3, CHANNELS), bias("first", 8)], [first],
               **step, **fused)  # fmt: skip
    wide = made("depthwise", SIDE // 2, SIDE // 2, 16)
    b.operator("DEPTHWISE_CONV_2D",
               [first, weights("depthwise", 1, 3, 3, 16, axis=3), bias("depthwise", 16)], [wide],
               depth_multiplier=2, **half, **fused)  # fmt: skip
    point = made("point", SIDE // 2, SIDE // 2, 16)
    b.operator("CONV_2D", [wide, weights("point", 16, 1, 1, 16), bias("point", 16)], [point],
               **step, **fused)  # fmt: skip
    if residual:
        total = made("sum", SIDE // 2, SIDE // 2, 16)
        b.operator("ADD", [wide, point], [total])
        point = total
    pooled = made("pool", 2, 2, 16)
    b.operator("AVERAGE_POOL_2D", [point], [pooled], filter_width=2, filter_height=2, **half)
    shape = b.tensor((2,), "int32", name="shape", data=np.array([1, 64], np.int32))
    flat = made("flat", 64)
    b.operator("RESHAPE", [pooled, shape], [flat], new_shape=[1, 64])
    y = made("dense", 5)
    b.operator("FULLY_CONNECTED", [flat, weights("dense", 5, 64), bias("dense", 5)], [y])
    return b.build([x], [y])


def samples(n: int = 32, seed: int = 0) -> np.ndarray:
    """Inputs of `conv_net`, [n, 8, 8, 3]: smooth, so that channels and neighbours correlate."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0.3, 1.0, (n, 3, 3, CHANNELS))
    return np.repeat(np.repeat(coarse, 3, 1), 3, 2)[:, :SIDE, :SIDE].astype(np.float32)
