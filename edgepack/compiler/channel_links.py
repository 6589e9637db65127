"""Which channels of a model's tensors depend on which, and which must stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.interval import Interval, channels_of
from edgepack.compiler.interval_layers import sees_padding, sums_of, weight_taps
from edgepack.compiler.interval_rules import (
    Intervals,
    find_intervals,
    keeps_channels,
    reduced_axes,
    slice_keeps_channels,
)
from edgepack.graph import ABSENT, DType, Graph, Operator

if TYPE_CHECKING:
    from numpy.typing import NDArray

Keep = dict[int, "NDArray[np.bool_]"]  # a tensor's channels that stay


@dataclass(frozen=True, slots=True)
class Tie:
    """Channels of two tensors that stay or go together, pair by pair."""

    a: int
    at_a: NDArray[np.intp]
    b: int
    at_b: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution or dense layer, and what its outputs need of its input's channels.

    `needs` and `shares` are [outputs, channels]: whether the output depends on the channel once
    the constant ones are in its bias, and what a constant one adds to the sum.
    """

    operator: Operator
    needs: NDArray[np.bool_]
    shares: NDArray[np.int64]
    sums: Interval
    constant: NDArray[np.bool_]  # [outputs]: always the same value


@dataclass(slots=True)
class Links:
    """Everything that decides which channels stay; filled operator by operator."""

    frozen: Keep  # the tensors whose channels may go, and those of them that stay in any case
    layers: list[Layer] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)

    def tie(self, a: int, b: int, *, start: int = 0) -> None:
        """Channel i of a with channel start + i of b."""
        at = np.arange(len(self.frozen[a]))
        self.ties.append(Tie(a, at, b, at + start))

    def freeze(self, tensors: Sequence[int]) -> None:
        """All channels of these stay."""
        for index in tensors:
            if index in self.frozen:
                self.frozen[index][:] = True


def find_links(graph: Graph) -> Links:
    """The links of all int8 tensors in RAM; inputs and outputs of the model stay whole."""
    intervals = find_intervals(graph)
    used = {index for op in graph.operators for index in (*op.inputs, *op.outputs)} - {ABSENT}
    tensors = [graph.tensor(index) for index in sorted(used)]
    links = Links(
        {
            tensor.index: np.zeros(channels_of(tensor), np.bool_)
            for tensor in tensors
            if tensor.dtype is DType.INT8 and tensor.data is None and tensor.shape
        }
    )
    links.freeze((*graph.inputs, *graph.outputs))
    for operator in graph.operators:
        _RULES.get(operator.kind, _whole)(operator, graph, links, intervals)
    return links


def _whole(operator: Operator, graph: Graph, links: Links, intervals: Intervals) -> None:
    links.freeze((*operator.inputs, *operator.outputs))


def _layer(operator: Operator, graph: Graph, links: Links, intervals: Intervals) -> None:
    index, weights = operator.inputs[0], graph.tensor(operator.inputs[1])
    x, y = graph.tensor(index), operator.outputs[0]
    if operator.kind == "CONV_2D":
        fits = x.shape[3] == weights.shape[3]
    else:
        fits = weights.shape[1] % channels_of(x) == 0
    if x.dtype is not DType.INT8 or not fits or weights.zero_point != 0:
        links.freeze((index, y))
    elif index in links.frozen:
        links.layers.append(_needs(operator, graph, intervals[index], intervals[y]))


def _needs(operator: Operator, graph: Graph, x: Interval, y: Interval) -> Layer:
    zero = graph.tensor(operator.inputs[0]).zero_point
    taps = weight_taps(operator, graph)
    foldable = x.constant
    if sees_padding(operator, graph):
        foldable = foldable & (x.low == zero)
    rows = ~y.constant
    return Layer(
        operator,
        needs=(taps != 0).any(axis=1) & rows[:, None] & ~foldable,
        shares=taps.sum(axis=1, dtype=np.int64) * np.where(foldable, x.low - zero, 0),
        sums=sums_of(operator, graph, x),
        constant=y.constant,
    )


def _depthwise(operator: Operator, graph: Graph, links: Links, intervals: Intervals) -> None:
    x, y = operator.inputs[0], operator.outputs[0]
    if x not in links.frozen:
        links.freeze((y,))
        return
    channels, outputs = len(links.frozen[x]), len(links.frozen[y])
    at = np.arange(outputs)
    links.ties.append(Tie(x, at // (outputs // channels), y, at))


def _columns(operator: Operator, graph: Graph, links: Links, intervals: Intervals) -> None:
    """Operators that treat each channel by itself."""
    y = operator.outputs[0]
    tensors = (*operator.inputs, *operator.outputs[1:])
    dynamic = [i for i in tensors if i != ABSENT and graph.tensor(i).data is None]
    if y not in links.frozen or not all(i in links.frozen for i in dynamic):
        links.freeze((*dynamic, y))
        return
    for index in dynamic:
        if len(links.frozen[index]) == len(links.frozen[y]):
            links.tie(index, y)
        else:
            links.freeze((index,))


def _where(condition: Callable[[Operator, Graph], bool]) -> _Rule:
    """By channel where the condition holds, else whole."""

    def rule(operator: Operator, graph: Graph, links: Links, intervals: Intervals) -> None:
        chosen = _columns if condition(operator, graph) else _whole
        chosen(operator, graph, links, intervals)

    return rule


def _mean_keeps(operator: Operator, graph: Graph) -> bool:
    last = len(graph.tensor(operator.inputs[0]).shape) - 1
    return last not in reduced_axes(operator, graph)


def _pad_keeps(operator: Operator, graph: Graph) -> bool:
    return not graph.tensor(operator.inputs[1]).array().reshape(-1, 2)[-1].any()


def _split_keeps(operator: Operator, graph: Graph) -> bool:
    return channels_of(graph.tensor(operator.inputs[1])) == channels_of(
        graph.tensor(operator.outputs[0])
    )


def _concatenation(operator: Operator, graph: Graph, links: Links, intervals: Intervals) -> None:
    y = operator.outputs[0]
    last = len(graph.tensor(y).shape) - 1
    if y not in links.frozen or operator.option("axis") % (last + 1) != last:
        _columns(operator, graph, links, intervals)
        return
    start = 0
    for index in operator.inputs:
        size = channels_of(graph.tensor(index))
        if index in links.frozen:
            links.tie(index, y, start=start)
        else:
            links.frozen[y][start : start + size] = True
        start += size


def _reshape(operator: Operator, graph: Graph, links: Links, intervals: Intervals) -> None:
    x, y = operator.inputs[0], operator.outputs[0]
    if x not in links.frozen or y not in links.frozen:
        links.freeze((x, y))
        return
    few, many = sorted((len(links.frozen[x]), len(links.frozen[y])))
    if many % few:
        links.freeze((x, y))
        return
    at = np.arange(many)
    links.ties.append(Tie(x, at % len(links.frozen[x]), y, at % len(links.frozen[y])))


_Rule = Callable[[Operator, Graph, Links, Intervals], None]
_RULES: Mapping[str, _Rule] = {
    **dict.fromkeys(("CONV_2D", "FULLY_CONNECTED"), _layer),
    "DEPTHWISE_CONV_2D": _depthwise,
    **dict.fromkeys(
        (
            *("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "AVERAGE_POOL_2D", "MAX_POOL_2D"),
            *("RELU", "RELU6", "RELU_N1_TO_1", "LEAKY_RELU", "PRELU", "HARD_SWISH"),
            *("LOGISTIC", "TANH", "QUANTIZE"),
        ),
        _columns,
    ),
    "MEAN": _where(_mean_keeps),
    "TRANSPOSE": _where(keeps_channels),
    "STRIDED_SLICE": _where(slice_keeps_channels),
    **dict.fromkeys(("PAD", "PADV2"), _where(_pad_keeps)),
    "SPLIT": _where(_split_keeps),
    "CONCATENATION": _concatenation,
    **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), _reshape),
}
