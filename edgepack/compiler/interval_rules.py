"""Bounds of what a model's int8 tensors can hold, whatever its inputs: one interval a channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

import numpy as np

from edgepack.compiler.fixed_point import float32, quantize_multiplier
from edgepack.compiler.interval import (
    Interval,
    channels_of,
    clamped,
    products_of,
    requantized,
    union,
    whole,
)
from edgepack.compiler.interval_layers import WEIGHTED, weighted
from edgepack.compiler.interval_tables import table_of
from edgepack.compiler.operators import checks
from edgepack.compiler.operators.elementwise import SUM_SHIFT
from edgepack.compiler.operators.mean import mean_multiplier
from edgepack.compiler.slicing import strided_slice_of
from edgepack.compiler.tables import prelu_multipliers
from edgepack.graph import DType, Graph, Operator, Tensor

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


def _initial(tensor: Tensor) -> Interval:
    if tensor.data is None:
        return whole(channels_of(tensor))
    values = tensor.array().reshape(-1, channels_of(tensor))
    return Interval(values.min(axis=0).astype(np.int64), values.max(axis=0).astype(np.int64))


def _output(operator: Operator, graph: Graph, found: Intervals, place: int) -> Interval:
    y = graph.tensor(operator.outputs[place])
    rule = _RULES.get(operator.kind)
    inputs = [found[index] for index in operator.inputs if index in found]
    if operator.kind == "SPLIT" and inputs:
        return _part(operator, graph, inputs[-1], place)
    if rule is None or not inputs or graph.tensor(operator.inputs[0]).dtype is not DType.INT8:
        return whole(channels_of(y))
    return rule(operator, graph, inputs)


def _pooled(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    return clamped(inputs[0], graph.tensor(operator.outputs[0]), operator)


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
    return clamped(requantized(total, [result], y.zero_point), y, operator)


def _product(operator: Operator, graph: Graph, inputs: Sequence[Interval]) -> Interval:
    a, b, y, one, two = _operands(operator, graph, inputs)
    products = products_of(
        Interval(one.low - a.zero_point, one.high - a.zero_point),
        Interval(two.low - b.zero_point, two.high - b.zero_point),
    )
    multiplier = quantize_multiplier(float32(float32(a.scale * b.scale) / y.scale))
    return clamped(requantized(products, [multiplier], y.zero_point), y, operator)


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
        products_of(
            Interval(np.minimum(low, 0), np.minimum(high, 0)),
            Interval(two.low - alpha.zero_point, two.high - alpha.zero_point),
        ),
        [negative],
        y.zero_point,
    )
    both = union(above, below)
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
    **dict.fromkeys(WEIGHTED, weighted),
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
