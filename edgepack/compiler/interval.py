"""Bounds of what a model's int8 tensors can hold, whatever its inputs: one interval a channel.

A channel is an index along the last axis. The arithmetic is TFLite's own on exact integers, at the
ends of each interval; every function here rises or falls with its operands, so the ends suffice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.fixed_point import Multiplier, float32, quantize_multiplier
from edgepack.compiler.interval_tables import table_of
from edgepack.compiler.operators import checks, scaling
from edgepack.compiler.operators.dense import scales_of
from edgepack.compiler.operators.elementwise import SUM_SHIFT
from edgepack.compiler.operators.mean import mean_multiplier
from edgepack.compiler.operators.window import read_window
from edgepack.compiler.slicing import strided_slice_of
from edgepack.compiler.tables import prelu_multipliers
from edgepack.graph import DType, Graph, Operator, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})
INT32 = (-(2**31), 2**31 - 1)


@dataclass(frozen=True, slots=True)
class Interval:
    """The least and the greatest value of each channel, both [channels], both reached or beyond."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Which channels hold one value only."""
        return np.equal(self.low, self.high)

    @property
    def hull(self) -> tuple[int, int]:
        """Bounds of all channels together."""
        return int(self.low.min()), int(self.high.max())


Intervals = Mapping[int, Interval]
Rule = Callable[[Operator, Graph, Sequence[Interval]], Interval]


def find_intervals(graph: Graph) -> Intervals:
    """The intervals of all int8 tensors, by number; whole ranges where nothing better is known."""
    found = {t.index: _initial(t) for t in graph.tensors if t.dtype is DType.INT8}
    for operator in graph.operators:
        for place, index in enumerate(operator.outputs):
            if index in found:
                found[index] = _output(operator, graph, found, place)
    return found


def whole(channels: int, low: int = -128, high: int = 127) -> Interval:
    """One interval for all channels, of int8 if not said otherwise."""
    return Interval(np.full(channels, low, np.int64), np.full(channels, high, np.int64))


def channels_of(tensor: Tensor) -> int:
    """The size of the last axis; 1 for a scalar."""
    return tensor.shape[-1] if tensor.shape else 1


def _initial(tensor: Tensor) -> Interval:
    if tensor.data is None:
        return whole(channels_of(tensor))
    values = tensor.array().reshape(-1, channels_of(tensor)).astype(np.int64)
    return Interval(values.min(axis=0), values.max(axis=0))


def _output(operator: Operator, graph: Graph, found: Intervals, place: int) -> Interval:
    y = graph.tensor(operator.outputs[place])
    rule = _RULES.get(operator.kind)
    inputs = [found[index] for index in operator.inputs if index in found]
    if operator.kind == "SPLIT" and inputs:
        return _part(operator, graph, inputs[-1], place)
    if rule is None or not inputs or graph.tensor(operator.inputs[0]).dtype is not DType.INT8:
        return whole(channels_of(y))
    return rule(operator, graph, inputs)


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


def requantized(values: Interval, multipliers: Sequence[Multiplier], zero_point: int) -> Interval:
    """The values through `fixed_point.requantize`, the zero point added; one multiplier for all, or
    one each.

    Wherever the arithmetic would leave int32, the result spans int32.
    """
    mantissas = np.array([m.mantissa for m in multipliers], np.int64)
    shifts = np.array([m.shift for m in multipliers], np.int64)
    left = np.clip(shifts, 0, 31)
    bound = np.maximum(np.abs(values.low), np.abs(values.high))
    safe = (bound < 2**31) & ((np.minimum(bound, 2**31) << left) < 2**31) & (shifts <= 31)
    low, high = (
        np.where(safe, _twice_rounded(np.where(safe, v, 0) << left, mantissas, shifts), end)
        for v, end in zip((values.low, values.high), INT32, strict=True)
    )
    return Interval(low + zero_point, high + zero_point)


def _twice_rounded(
    values: NDArray[np.int64], mantissas: NDArray[np.int64], shifts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """gemmlowp's two roundings, as fixed_point has them; the left shift is done."""
    products = values * mantissas
    nudged = products + np.where(products >= 0, 2**30, 1 - 2**30)
    high = np.where(nudged >= 0, nudged >> 31, -(-nudged >> 31))
    right = np.clip(-shifts, 0, 31)
    rest = high & ((1 << right) - 1)
    threshold = (((1 << right) - 1) >> 1) + (high < 0)
    return np.asarray((high >> right) + (rest > threshold), np.int64)


def _in_double(values: NDArray[np.int64], reals: NDArray[np.float64]) -> NDArray[np.int64]:
    """Sums scaled in double precision, halves away from zero, as LiteRT's dense layers."""
    scaled = np.abs(values * reals)
    floor = np.floor(scaled)
    rounded = np.minimum(floor + (scaled - floor >= 0.5), 2.0**40).astype(np.int64)
    return np.asarray(np.where(values < 0, -rounded, rounded), np.int64)


def _clamped(interval: Interval, output: Tensor, operator: Operator) -> Interval:
    activation = operator.options.get("fused_activation_function", "NONE")
    low, high = scaling.activation_range(output, str(activation))
    return Interval(np.clip(interval.low, low, high), np.clip(interval.high, low, high))


def _weighted(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    x, weights = graph.tensor(operator.inputs[0]), graph.tensor(operator.inputs[1])
    y = graph.tensor(operator.outputs[0])
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
        result = _union(result, _dense_once(sums, reals, y.zero_point))
    result = _clamped(result, y, operator)
    return Interval(np.where(fits, result.low, -128), np.where(fits, result.high, 127))


def _dense_once(sums: Interval, reals: Sequence[float], zero_point: int) -> Interval:
    factors = np.array(reals, np.float64)
    low, high = _in_double(sums.low, factors), _in_double(sums.high, factors)
    inside = np.maximum(np.abs(low), np.abs(high)) < 2**31 - 256  # else LiteRT's cast is undefined
    low, high = np.where(inside, low, INT32[0]), np.where(inside, high, INT32[1])
    return Interval(low + zero_point, high + zero_point)


def _union(a: Interval, b: Interval) -> Interval:
    return Interval(np.minimum(a.low, b.low), np.maximum(a.high, b.high))


def _pooled(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    return _clamped(inputs[0], graph.tensor(operator.outputs[0]), operator)


def _mean(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    x, y = graph.tensor(operator.inputs[0]), graph.tensor(operator.outputs[0])
    axes = reduced_axes(operator, graph)
    count = prod(x.shape[axis] for axis in axes)
    values = inputs[0]
    if len(x.shape) - 1 in axes:
        values = whole(channels_of(y), *values.hull)
    zero = x.zero_point
    sums = Interval((values.low - zero) * count, (values.high - zero) * count)
    result = requantized(sums, [mean_multiplier(x, y, count)], y.zero_point)
    return Interval(np.clip(result.low, -128, 127), np.clip(result.high, -128, 127))


def reduced_axes(operator: Operator, graph: Graph) -> frozenset[int]:
    """The axes of a MEAN, from 0 up."""
    rank = len(graph.tensor(operator.inputs[0]).shape)
    values = checks.constant_ints(operator, graph, 1)
    return frozenset(checks.axis_of(operator, graph, axis, rank) for axis in values)


def _operands(
    operator: Operator, graph: Graph, inputs: Sequence[Interval]
) -> tuple[Tensor, Tensor, Tensor, Interval, Interval]:
    a, b = graph.tensor(operator.inputs[0]), graph.tensor(operator.inputs[1])
    y = graph.tensor(operator.outputs[0])
    shape = (channels_of(y),)
    one, two = (
        Interval(np.broadcast_to(i.low, shape), np.broadcast_to(i.high, shape)) for i in inputs[:2]
    )
    return a, b, y, one, two


def _sum(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    """TFLite's ADD and SUB: both operands rescaled by 2**20, added, rescaled."""
    a, b, y, one, two = _operands(operator, graph, inputs)
    twice = 2 * max(a.scale, b.scale)
    parts = []
    for tensor, interval in ((a, one), (b, two)):
        shifted = Interval(
            (interval.low - tensor.zero_point) << SUM_SHIFT,
            (interval.high - tensor.zero_point) << SUM_SHIFT,
        )
        parts.append(requantized(shifted, [quantize_multiplier(tensor.scale / twice)], 0))
    left, right = parts
    if operator.kind == "SUB":
        right = Interval(-right.high, -right.low)
    total = Interval(left.low + right.low, left.high + right.high)
    result = quantize_multiplier(twice / (2**SUM_SHIFT * y.scale))
    return _clamped(requantized(total, [result], y.zero_point), y, operator)


def _product(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    a, b, y, one, two = _operands(operator, graph, inputs)
    products = _products(
        Interval(one.low - a.zero_point, one.high - a.zero_point),
        Interval(two.low - b.zero_point, two.high - b.zero_point),
    )
    multiplier = quantize_multiplier(float32(float32(a.scale * b.scale) / y.scale))
    return _clamped(requantized(products, [multiplier], y.zero_point), y, operator)


def _products(a: Interval, b: Interval) -> Interval:
    corners = np.stack([p * q for p in (a.low, a.high) for q in (b.low, b.high)])
    return Interval(corners.min(axis=0), corners.max(axis=0))


def _extreme(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    *_, one, two = _operands(operator, graph, inputs)
    best = np.maximum if operator.kind == "MAXIMUM" else np.minimum
    return Interval(best(one.low, two.low), best(one.high, two.high))


def _lookup(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    x, y = graph.tensor(operator.inputs[0]), graph.tensor(operator.outputs[0])
    values = table_of(operator.kind, float(operator.options.get("alpha", 0.0)), x, y)  # type: ignore[arg-type]
    pairs = list(zip(inputs[0].low.tolist(), inputs[0].high.tolist(), strict=True))
    ranges = {pair: values[pair[0] + 128 : pair[1] + 129] for pair in set(pairs)}
    ends = {pair: (int(part.min()), int(part.max())) for pair, part in ranges.items()}
    low, high = np.array([ends[pair] for pair in pairs], np.int64).T
    return Interval(low, high)


def _prelu(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    """Products with the slope below the zero point, the same numbers rescaled from it up."""
    x, alpha, y, one, two = _operands(operator, graph, inputs)
    positive, negative = prelu_multipliers(x, alpha, y)
    low, high = one.low - x.zero_point, one.high - x.zero_point
    above = requantized(Interval(np.maximum(low, 0), np.maximum(high, 0)), [positive], y.zero_point)
    below = requantized(
        _products(
            Interval(np.minimum(low, 0), np.minimum(high, 0)),
            Interval(two.low - alpha.zero_point, two.high - alpha.zero_point),
        ),
        [negative],
        y.zero_point,
    )
    both = _union(above, below)
    least = np.where(low >= 0, above.low, np.where(high < 0, below.low, both.low))
    most = np.where(low >= 0, above.high, np.where(high < 0, below.high, both.high))
    return Interval(np.clip(least, -128, 127), np.clip(most, -128, 127))


def _moved(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    """The same numbers elsewhere: where no more is known, any of them anywhere."""
    return whole(channels_of(graph.tensor(operator.outputs[0])), *inputs[0].hull)


def _reshaped(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    x, y = inputs[0], channels_of(graph.tensor(operator.outputs[0]))
    channels = len(x.low)
    if y % channels == 0:
        return Interval(np.tile(x.low, y // channels), np.tile(x.high, y // channels))
    if channels % y == 0:
        low, high = x.low.reshape(-1, y).min(axis=0), x.high.reshape(-1, y).max(axis=0)
        return Interval(low, high)
    return _moved(operator, graph, inputs)


def _transposed(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    if keeps_channels(operator, graph):
        return inputs[0]
    return _moved(operator, graph, inputs)


def keeps_channels(operator: Operator, graph: Graph) -> bool:
    """Whether a TRANSPOSE leaves the last axis where it is."""
    order = checks.constant_ints(operator, graph, 1)
    return order[-1] in (len(order) - 1, -1)


def _sliced(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    if slice_keeps_channels(operator, graph):
        return inputs[0]
    return _moved(operator, graph, inputs)


def slice_keeps_channels(operator: Operator, graph: Graph) -> bool:
    """Whether a STRIDED_SLICE takes all of the last axis, in order, and adds none behind it."""
    channels = channels_of(graph.tensor(operator.inputs[0]))
    part = strided_slice_of(operator, graph)
    last = (part.begin[-1:], part.count[-1:], part.step[-1:], part.shape[-1:])
    return last == ((0,), (channels,), (1,), (channels,))


def _joined(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    y = graph.tensor(operator.outputs[0])
    lows, highs = [i.low for i in inputs], [i.high for i in inputs]
    if operator.option("axis") % len(y.shape) == len(y.shape) - 1:
        return Interval(np.concatenate(lows), np.concatenate(highs))
    return Interval(np.min(lows, axis=0), np.max(highs, axis=0))


def _part(operator: Operator, graph: Graph, x: Interval, place: int) -> Interval:
    y = graph.tensor(operator.outputs[place])
    size = channels_of(y)
    if size == len(x.low):
        return x
    part = slice(place * size, (place + 1) * size)
    return Interval(x.low[part], x.high[part])


def _padded(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    y = graph.tensor(operator.outputs[0])
    value = y.zero_point
    if operator.kind == "PADV2":
        value = int(graph.tensor(operator.inputs[2]).array().reshape(-1)[0])
    paddings = graph.tensor(operator.inputs[1]).array().reshape(-1, 2)
    low, high = inputs[0].low, inputs[0].high
    if paddings[:-1].any():
        low, high = np.minimum(low, value), np.maximum(high, value)
    ends = (int(paddings[-1, 0]), int(paddings[-1, 1]))
    return Interval(
        np.pad(low, ends, constant_values=value), np.pad(high, ends, constant_values=value)
    )


_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(WEIGHTED, _weighted),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), _pooled),
    "MEAN": _mean,
    **dict.fromkeys(("ADD", "SUB"), _sum),
    "MUL": _product,
    **dict.fromkeys(("MAXIMUM", "MINIMUM"), _extreme),
    **dict.fromkeys(
        ("RELU", "RELU6", "RELU_N1_TO_1", "LEAKY_RELU", "HARD_SWISH", "LOGISTIC", "TANH"), _lookup
    ),
    "QUANTIZE": _lookup,
    "PRELU": _prelu,
    **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), _reshaped),
    "TRANSPOSE": _transposed,
    "STRIDED_SLICE": _sliced,
    "CONCATENATION": _joined,
    **dict.fromkeys(("PAD", "PADV2"), _padded),
}
