"""Intervals through convolutions and dense layers: exact bounds of their sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.fixed_point import quantize_multiplier
from edgepack.compiler.interval import (
    INT32,
    Interval,
    channels_of,
    clamped,
    requantized,
    union,
    whole,
)
from edgepack.compiler.operators import checks
from edgepack.compiler.operators.dense import scales_of
from edgepack.compiler.operators.window import read_window
from edgepack.graph import Graph, Operator

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})


def weight_taps(operator: Operator, graph: Graph) -> NDArray[np.int8]:
    """The weights as [outputs, taps, channels of the input that an output reads].

    Depthwise, an output reads one. A dense layer's rows are cut into the input's channels; where
    they cannot be, each column is a channel.
    """
    x, weights = graph.tensor(operator.inputs[0]), graph.tensor(operator.inputs[1])
    values = np.asarray(weights.array(), np.int8)
    if operator.kind == "DEPTHWISE_CONV_2D":
        return values.reshape(-1, weights.shape[3]).T[:, :, None]
    if operator.kind == "CONV_2D":
        return values.reshape(weights.shape[0], -1, weights.shape[3])
    depth, channels = weights.shape[1], channels_of(x)
    return values.reshape(weights.shape[0], -1, channels if depth % channels == 0 else depth)


def bias_of(operator: Operator, graph: Graph, outputs: int) -> NDArray[np.int64]:
    """The bias, zeros where it is left out: [outputs]."""
    bias = checks.optional_input(operator, graph, 2)
    if bias is None:
        return np.zeros(outputs, np.int64)
    return bias.array().reshape(-1).astype(np.int64)


def sees_padding(operator: Operator, graph: Graph) -> bool:
    """Whether some tap of a convolution lies outside its input, where it reads the zero point."""
    if operator.kind == "FULLY_CONNECTED":
        return False
    _, height, width, _ = graph.tensor(operator.inputs[1]).shape
    output = graph.tensor(operator.outputs[0])
    return read_window(operator, graph, (height, width), output.shape[3], output).leaves_input


def sums_of(operator: Operator, graph: Graph, x: Interval) -> Interval:
    """Bounds of the sums of a layer with weights, its bias included: [outputs]."""
    zero = graph.tensor(operator.inputs[0]).zero_point
    taps = weight_taps(operator, graph)
    outputs, _, depth = taps.shape
    low, high = x.low - zero, x.high - zero
    if sees_padding(operator, graph):
        low, high = np.minimum(low, 0), np.maximum(high, 0)
    if operator.kind == "FULLY_CONNECTED" and depth != len(low):
        low, high = np.full(depth, low.min()), np.full(depth, high.max())
    groups = len(low) // depth
    shape = (groups, outputs // groups, depth)
    up = np.maximum(taps, 0).sum(axis=1, dtype=np.int64).reshape(shape)
    down = np.minimum(taps, 0).sum(axis=1, dtype=np.int64).reshape(shape)
    low, high = low.reshape(groups, depth, 1), high.reshape(groups, depth, 1)
    bias = bias_of(operator, graph, outputs)
    bottom = (up @ low + down @ high).reshape(-1) + bias
    top = (up @ high + down @ low).reshape(-1) + bias
    return Interval(bottom, top)


def weighted(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    """The layer's output; a dense layer's holds for both ways to round, LiteRT's and TFLM's."""
    x, weights = graph.tensor(operator.inputs[0]), graph.tensor(operator.inputs[1])
    y = graph.tensor(operator.outputs[0])
    if weights.zero_point != 0:
        return clamped(whole(channels_of(y)), y, operator)
    sums = sums_of(operator, graph, inputs[0])
    fits = (sums.low >= INT32[0]) & (sums.high <= INT32[1])
    sums = Interval(np.where(fits, sums.low, INT32[0]), np.where(fits, sums.high, INT32[1]))
    dense = operator.kind == "FULLY_CONNECTED"
    assert weights.quantization is not None
    reals = (
        scales_of(x, weights, y)
        if dense
        else [x.scale * scale / y.scale for scale in weights.quantization.scales]
    )
    result = requantized(sums, [quantize_multiplier(real) for real in reals], y.zero_point)
    if dense:
        result = union(result, _dense_once(sums, reals, y.zero_point))
    result = clamped(result, y, operator)
    return Interval(np.where(fits, result.low, -128), np.where(fits, result.high, 127))


def _dense_once(sums: Interval, reals: Sequence[float], zero_point: int) -> Interval:
    factors = np.array(reals, np.float64)
    low, high = _in_double(sums.low, factors), _in_double(sums.high, factors)
    inside = np.maximum(np.abs(low), np.abs(high)) < 2**31 - 256  # else LiteRT's cast is undefined
    low, high = np.where(inside, low, INT32[0]), np.where(inside, high, INT32[1])
    return Interval(low + zero_point, high + zero_point)


def _in_double(values: NDArray[np.int64], reals: NDArray[np.float64]) -> NDArray[np.int64]:
    """Sums scaled in double precision, halves away from zero, as LiteRT's dense layers."""
    scaled = np.abs(values * reals)
    floor = np.floor(scaled)
    rounded = np.minimum(floor + (scaled - floor >= 0.5), 2.0**40).astype(np.int64)
    return np.asarray(np.where(values < 0, -rounded, rounded), np.int64)
