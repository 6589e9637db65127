"""One small float .tflite file an operator: what the quantiser has rules for, and more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tests.tflite_builder import ModelBuilder

SHAPE = (1, 4, 6, 4)
Shape = tuple[int, ...]


def _net(
    kind: str, *, out: Shape = SHAPE, extra: Mapping[int, Any] | None = None, **options: Any
) -> bytes:
    """x through one operator; `extra` gives constants by their place in its inputs."""
    b = ModelBuilder()
    x = b.tensor(SHAPE, "float32", name="x")
    inputs = {0: x}
    for place, data in (extra or {}).items():
        array = np.asarray(data)
        kind_of = "float32" if array.dtype.kind == "f" else "int32"
        inputs[place] = b.tensor(array.shape, kind_of, name=f"net/constant{place}/c", data=array)
    if 0 in (extra or {}):
        inputs[max(inputs) + 1] = x
    y = b.tensor(out, "float32", name="net/layer/y")
    b.operator(kind, [inputs[i] for i in sorted(inputs)], [y], **options)
    return b.build([x], [y])


def _pair(kind: str, *, out: Shape = SHAPE, **options: Any) -> bytes:
    """x and its product with itself through an operator of two."""
    b = ModelBuilder()
    x = b.tensor(SHAPE, "float32", name="x")
    other = b.tensor(SHAPE, "float32", name="net/other/y")
    y = b.tensor(out, "float32", name="net/layer/y")
    b.operator("MUL", [x, x], [other])
    b.operator(kind, [x, other], [y], **options)
    return b.build([x], [y])


def _parts(kind: str, shape: Shape, count: int, extra: Mapping[int, Any], **options: Any) -> bytes:
    """x through an operator of several outputs."""
    b = ModelBuilder()
    x = b.tensor(SHAPE, "float32", name="x")
    constants = {
        place: b.tensor(np.shape(v), "int32", data=np.asarray(v, np.int32))
        for place, v in extra.items()
    }
    inputs = dict(constants)
    inputs[min(set(range(len(constants) + 1)) - set(constants))] = x
    outputs = [b.tensor(shape, "float32", name=f"net/part{i}/y") for i in range(count)]
    b.operator(kind, [inputs[i] for i in sorted(inputs)], outputs, **options)
    return b.build([x], outputs)


def _weights(kind: str, seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    shapes = {
        "CONV_2D": ((5, 3, 3, 4), 5, (1, 4, 6, 5)),
        "DEPTHWISE_CONV_2D": ((1, 3, 3, 4), 4, (1, 4, 6, 4)),
        "FULLY_CONNECTED": ((5, 4), 5, (24, 5)),
        "TRANSPOSE_CONV": ((5, 2, 2, 4), 5, (1, 8, 12, 5)),
    }
    shape, n, out = shapes[kind]
    b = ModelBuilder()
    x = b.tensor(SHAPE, "float32", name="x")
    w = b.tensor(shape, "float32", name="net/layer/Conv2D", data=rng.normal(0, 0.4, shape))
    bias = b.tensor((n,), "float32", name="net/layer/BiasAdd", data=rng.normal(0, 0.4, n))
    y = b.tensor(out, "float32", name="net/layer/y")
    window = {"stride_w": 1, "stride_h": 1, "padding": "SAME"}
    if kind == "TRANSPOSE_CONV":
        size = b.tensor((4,), "int32", data=np.array(out, np.int32))
        b.operator(kind, [size, w, x, bias], [y], stride_w=2, stride_h=2, padding="SAME", version=3)
    elif kind == "FULLY_CONNECTED":
        b.operator(kind, [x, w, bias], [y])
    else:
        deep = {"depth_multiplier": 1} if kind.startswith("D") else {}
        b.operator(kind, [x, w, bias], [y], **window, **deep, fused_activation_function="RELU")
    return b.build([x], [y])


def _pool(kind: str) -> bytes:
    return _net(
        kind, out=(1, 2, 3, 4), filter_width=2, filter_height=2, stride_w=2, stride_h=2,
        padding="VALID",
    )  # fmt: skip


def _square() -> bytes:
    b = ModelBuilder()
    x = b.tensor((1, 4, 4), "float32", name="x")
    y = b.tensor((1, 4, 4), "float32", name="net/layer/y")
    b.operator("BATCH_MATMUL", [x, x], [y])
    return b.build([x], [y])


_I = np.int32
_PADS = np.array([[0, 0], [1, 1], [0, 2], [0, 0]], _I)
_SIZE = np.array([8, 12], _I)
_WIDE = (1, 8, 12, 4)
NETS: Mapping[str, Callable[[], bytes]] = {
    **{kind: (lambda kind=kind: _weights(kind))  # type: ignore[misc]
       for kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")},
    **{kind: (lambda kind=kind: _pool(kind))  # type: ignore[misc]
       for kind in ("MAX_POOL_2D", "AVERAGE_POOL_2D")},
    **{kind: (lambda kind=kind: _pair(kind))  # type: ignore[misc]
       for kind in ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE")},
    **{kind: (lambda kind=kind: _net(kind))  # type: ignore[misc]
       for kind in ("RELU", "RELU6", "RELU_0_TO_1", "HARD_SWISH", "LOGISTIC", "TANH", "EXP", "ABS",
                    "LOG_SOFTMAX", "L2_NORMALIZATION", "ELU", "GELU", "NEG", "SIN")},
    "SOFTMAX": lambda: _net("SOFTMAX", beta=1.0),
    "LEAKY_RELU": lambda: _net("LEAKY_RELU", alpha=0.2),
    "PRELU": lambda: _net("PRELU", extra={1: np.array([[[0.1, 0.2, -0.3, 0.4]]], np.float32)}),
    "ADD constant": lambda: _net("ADD", extra={1: np.array([0.5, -1, 2, 0], np.float32)}),
    "MEAN": lambda: _net("MEAN", out=(1, 4), extra={1: np.array([1, 2], _I)}),
    "SUM": lambda: _net("SUM", out=(1, 4), extra={1: np.array([1, 2], _I)}),
    "REDUCE_MAX": lambda: _net("REDUCE_MAX", out=(1, 4), extra={1: np.array([1, 2], _I)}),
    "CONCATENATION": lambda: _pair("CONCATENATION", out=(1, 4, 6, 8), axis=3),
    "PACK": lambda: _pair("PACK", out=(1, 2, 4, 6, 4), axis=1, values_count=2),
    "RESHAPE": lambda: _net("RESHAPE", out=(1, 96), extra={1: np.array([1, 96], _I)}),
    "TRANSPOSE": lambda: _net("TRANSPOSE", out=(1, 6, 4, 4), extra={1: np.array([0, 2, 1, 3], _I)}),
    "PAD": lambda: _net("PAD", out=(1, 6, 8, 4), extra={1: _PADS}),
    "PADV2": lambda: _net("PADV2", out=(1, 6, 8, 4),
                          extra={1: _PADS, 2: np.array([-1.5], np.float32)}),
    "MIRROR_PAD": lambda: _net("MIRROR_PAD", out=(1, 6, 8, 4), extra={1: _PADS}, mode=0),
    "SLICE": lambda: _net("SLICE", out=(1, 2, 3, 4),
                          extra={1: np.array([0, 1, 1, 0], _I), 2: np.array([1, 2, 3, 4], _I)}),
    "STRIDED_SLICE": lambda: _net("STRIDED_SLICE", out=(1, 2, 3, 4),
                                  extra={1: np.zeros(4, _I), 2: np.array([1, 4, 6, 4], _I),
                                         3: np.array([1, 2, 2, 1], _I)}),
    "GATHER": lambda: _net("GATHER", out=(1, 2, 6, 4), extra={1: np.array([2, 0], _I)}, axis=1),
    "RESIZE_BILINEAR": lambda: _net("RESIZE_BILINEAR", out=_WIDE, extra={1: _SIZE},
                                    half_pixel_centers=True),
    "RESIZE_NEAREST_NEIGHBOR": lambda: _net("RESIZE_NEAREST_NEIGHBOR", out=_WIDE,
                                            extra={1: _SIZE}),
    "SPLIT": lambda: _parts("SPLIT", (1, 4, 6, 2), 2, {0: 3}, num_splits=2),
    "SPLIT_V": lambda: _parts("SPLIT_V", (1, 4, 3, 4), 2, {1: [3, 3], 2: 2}, num_splits=2),
    "UNPACK": lambda: _parts("UNPACK", (1, 4, 4), 6, {}, axis=2, num=6),
    "BATCH_MATMUL": _square,
}  # fmt: skip
"""Each operator's file by its name."""
IN_FLOAT = ("SIN", "SUM")
"""Those without integer kernels."""
