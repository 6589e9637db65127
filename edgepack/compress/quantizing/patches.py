"""Convolutions and dense layers as products of matrices: rows of inputs, and weights to match.

`groups` products lie side by side: one for dense layers and plain convolutions, one a group for
grouped ones, one an input channel for depthwise ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgepack.compress.quantizing.floatnet import FloatNet, FloatOperator, Weighted
from edgepack.compress.quantizing.ranges import Array


@dataclass(frozen=True, slots=True)
class Window:
    """How an operator's kernel moves: height and width, strides, dilations; padding SAME or not."""

    height: int
    width: int
    stride: tuple[int, int]
    dilation: tuple[int, int]
    same: bool


def as_product(net: FloatNet, layer: Weighted) -> bool:
    """Whether the operator is a product of matrices that this module knows."""
    return net.operators[layer.operator].kind in (
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
    )


def grouped(weights: Array, kind: str, groups: int = 1) -> Array:
    """The weights `[groups, out, k]`, from the layout of the .tflite file."""
    if kind == "DEPTHWISE_CONV_2D":
        taps = weights.shape[1] * weights.shape[2]
        return weights.reshape(taps, groups, -1).transpose(1, 2, 0)
    return weights.reshape(groups, len(weights) // groups, -1)


def ungrouped(rows: Array, kind: str, shape: tuple[int, ...]) -> Array:
    """What `grouped` made, in the file's layout again; also of values a channel, `k` being 1."""
    if kind == "DEPTHWISE_CONV_2D":
        return rows.transpose(2, 0, 1).reshape(shape)
    return rows.reshape(shape)


def groups_of(net: FloatNet, layer: Weighted) -> int:
    """How many products lie side by side."""
    kind, shape = net.operators[layer.operator].kind, net.tensors[layer.weights].shape
    if kind == "FULLY_CONNECTED":
        return 1
    channels = net.tensors[layer.x].shape[-1]
    return channels if kind == "DEPTHWISE_CONV_2D" else channels // shape[3]


def rows(
    x: Array,
    operator: FloatOperator,
    shape: tuple[int, ...],
    groups: int,
    places: Array | None = None,
) -> Array:
    """The inputs of every output, `[groups, n, k]`; of the outputs numbered `places` alone.

    `shape` is that of the weights. Outputs are numbered over samples, then rows and columns.
    """
    if operator.kind == "FULLY_CONNECTED":
        flat = x.reshape(1, -1, shape[-1])
        return flat if places is None else flat[:, places]
    window = _window(operator, shape)
    views = _views(x, window)  # [n, oh, ow, channels, kh, kw]
    n, oh, ow, channels = views.shape[:4]
    at = np.unravel_index(np.arange(n * oh * ow) if places is None else places, (n, oh, ow))
    found = views[at].reshape(-1, groups, channels // groups, window.height, window.width)
    taps = found.transpose(1, 0, 3, 4, 2)
    return np.ascontiguousarray(taps).reshape(groups, len(found), -1)


def outputs_of(x: Array, operator: FloatOperator, shape: tuple[int, ...]) -> int:
    """How many rows `rows` would give without `places`."""
    if operator.kind == "FULLY_CONNECTED":
        return int(x.size // shape[-1])
    return int(np.prod(_views(x[:1], _window(operator, shape)).shape[1:3])) * len(x)


def _window(operator: FloatOperator, shape: tuple[int, ...]) -> Window:
    from tensorflow.lite.python import schema_py_generated as schema

    how = operator.options
    return Window(
        shape[1],
        shape[2],
        (how.strideH, how.strideW),
        (max(1, how.dilationHFactor), max(1, how.dilationWFactor)),
        how.padding == schema.Padding.SAME,
    )


def _views(x: Array, window: Window) -> Array:
    """Every window of `x` [n, h, w, c] without copying, `[n, oh, ow, c, kh, kw]`."""
    reach = [
        (size - 1) * dilation + 1
        for size, dilation in zip((window.height, window.width), window.dilation, strict=True)
    ]
    pads = [(0, 0), (0, 0)]
    if window.same:
        for i, (size, step, wide) in enumerate(
            zip(x.shape[1:3], window.stride, reach, strict=True)
        ):
            total = max(0, (-(-size // step) - 1) * step + wide - size)
            pads[i] = (total // 2, total - total // 2)
    padded = np.pad(x, ((0, 0), *pads, (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=(1, 2))
    (sh, sw), (dh, dw) = window.stride, window.dilation
    return views[:, ::sh, ::sw, :, ::dh, ::dw]
