"""Cross-layer equalisation: channels scaled in one layer and back in the next.

Where layers follow each other through nothing but functions with f(s x) = s f(x) for s > 0, a
channel divided by s in the first and multiplied by s in the second leaves the net what it is, and
evens out how far the channels' weights reach. After Nagel et al., Data-Free Quantization Through
Weight Equalization and Bias Correction (2019). A clamp at 6 is no such function, so pairs through
a ReLU6 stay as they are. Runs in the worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.quantizing.floatnet import FloatNet, FloatOperator, Weighted
from edgepack.compress.quantizing.ranges import Array

Doubles = NDArray[np.float64]

_ITERATIONS = 20
_THROUGH = ("RELU", "MAX_POOL_2D", "AVERAGE_POOL_2D", "RESHAPE", "MEAN", "LEAKY_RELU", "PAD")
_KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


@dataclass(frozen=True, slots=True)
class Pair:
    """A layer and those that alone read what it makes."""

    first: Weighted
    others: tuple[Weighted, ...]


@dataclass(frozen=True, slots=True)
class Equalized:
    """The net with channels scaled; of each pair the layers and the spread before and after.

    The spread is the largest over the median reach of the input channels of the layers that
    read.
    """

    net: FloatNet
    pairs: tuple[tuple[str, tuple[str, ...], float, float], ...]


def equalized(net: FloatNet) -> Equalized:
    """The net whose outputs are the same but for rounding, its channels evened out."""
    found = pairs(net)
    data = {
        t: _wide(net, t)
        for pair in found
        for layer in (pair.first, *pair.others)
        for t in (layer.weights, layer.bias)
        if t >= 0
    }
    before = [_spread(net, pair, data) for pair in found]
    for _ in range(_ITERATIONS):
        for pair in found:
            _scale(net, pair, data)
    labels = [(net.label(p.first.operator), tuple(net.label(o.operator) for o in p.others))
              for p in found]  # fmt: skip
    rows = tuple(
        (first, others, old, _spread(net, pair, data))
        for (first, others), pair, old in zip(labels, found, before, strict=True)
    )
    return Equalized(net.with_constants(data) if data else net, rows)


def pairs(net: FloatNet) -> tuple[Pair, ...]:
    """Every layer whose output is read by layers alone, through homogeneous operators."""
    layers = {w.operator: w for w in net.weighted() if net.operators[w.operator].kind in _KINDS}
    shared = _shared(net)
    found = []
    for layer in layers.values():
        others = _readers(net, layer.y, layers)
        own = not {layer.weights, layer.bias} & shared
        linear = _homogeneous(net.operators[layer.operator])
        follow = all(_follows(net, layer, other, shared) for other in others)
        if others and own and linear and follow:
            found.append(Pair(layer, tuple(others)))
    return tuple(found)


def _shared(net: FloatNet) -> set[int]:
    """Constants that more than one operator reads."""
    reads = [t for op in net.operators for t in op.inputs if t >= 0]
    return {t for t in reads if net.tensors[t].data is not None and reads.count(t) > 1}


def _readers(net: FloatNet, tensor: int, layers: Mapping[int, Weighted]) -> list[Weighted]:
    """The layers that read the tensor; none where anything else does, or it is an output."""
    if tensor in net.outputs:
        return []
    found: list[Weighted] = []
    for index in net.consumers(tensor):
        operator = net.operators[index]
        if index in layers and layers[index].x == tensor:
            found.append(layers[index])
        elif operator.kind in _THROUGH and _homogeneous(operator) and _by_channel(net, operator):
            beyond = _readers(net, operator.outputs[0], layers)
            if not beyond:
                return []
            found += beyond
        else:
            return []
    return found


def _homogeneous(operator: FloatOperator) -> bool:
    from tensorflow.lite.python import schema_py_generated as schema

    kinds = schema.ActivationFunctionType
    kind = getattr(operator.options, "fusedActivationFunction", kinds.NONE)
    return kind in (kinds.NONE, kinds.RELU)


def _by_channel(net: FloatNet, operator: FloatOperator) -> bool:
    """Whether channels stay the last axis, or are the fastest of the one that is left."""
    before, after = (net.tensors[t].shape for t in (operator.inputs[0], operator.outputs[0]))
    if operator.kind == "RESHAPE":
        return after[-1] % before[-1] == 0 and int(np.prod(after[:-1])) * after[-1] == int(
            np.prod(before)
        )
    if operator.kind == "MEAN":
        axes = net.tensors[operator.inputs[1]].data
        return axes is not None and not {-1, len(before) - 1} & set(axes.ravel().tolist())
    return before[-1] == after[-1]


def _follows(net: FloatNet, first: Weighted, other: Weighted, shared: set[int]) -> bool:
    """Whether the other layer's input channels are the first one's output channels."""
    channels = net.tensors[first.weights].shape[first.axis]
    kind, shape = net.operators[other.operator].kind, net.tensors[other.weights].shape
    if other.weights in shared:
        return False
    if kind == "CONV_2D":
        return shape[3] == channels
    if kind == "DEPTHWISE_CONV_2D":
        return net.tensors[other.x].shape[-1] == channels
    return shape[1] % channels == 0


def _scale(net: FloatNet, pair: Pair, data: dict[int, Doubles]) -> None:
    """Move what the first layer's channels reach beyond the others' into the others."""
    first = pair.first
    own = _reach(data[first.weights], first.axis)
    theirs = _input_reach(net, pair, data)
    alive = (own > 0) & (theirs > 0)
    scale = np.where(alive, np.sqrt(np.where(alive, own, 1.0) / np.where(alive, theirs, 1.0)), 1.0)
    shape = [-1 if i == first.axis else 1 for i in range(data[first.weights].ndim)]
    data[first.weights] = data[first.weights] / scale.reshape(shape)
    if first.bias >= 0:
        data[first.bias] = data[first.bias] / scale
    for other in pair.others:
        data[other.weights] = _inputs_first(net, other, data[other.weights], scale)


def _inputs_first(net: FloatNet, other: Weighted, weights: Doubles, scale: Doubles) -> Doubles:
    """The weights with each input channel multiplied by its scale."""
    kind = net.operators[other.operator].kind
    if kind == "DEPTHWISE_CONV_2D":
        return weights * np.repeat(scale, weights.shape[3] // len(scale))
    return weights * np.tile(scale, weights.shape[-1] // len(scale))


def _input_reach(net: FloatNet, pair: Pair, data: Mapping[int, Doubles]) -> Doubles:
    """The largest weight by which any of the others multiplies each channel."""
    channels = data[pair.first.weights].shape[pair.first.axis]
    found = np.zeros(channels)
    for other in pair.others:
        weights = data[other.weights]
        reach = _reach(weights, weights.ndim - 1)
        if net.operators[other.operator].kind == "DEPTHWISE_CONV_2D":
            rows = reach.reshape(channels, -1).max(axis=1)
        else:
            rows = reach.reshape(-1, channels).max(axis=0)
        found = np.maximum(found, rows)
    return found


def _reach(weights: Doubles, axis: int) -> Doubles:
    rows = np.moveaxis(np.abs(weights), axis, 0)
    return np.asarray(rows.reshape(len(rows), -1).max(axis=1), np.float64)


def _spread(net: FloatNet, pair: Pair, data: Mapping[int, Doubles]) -> float:
    reach = _input_reach(net, pair, data)
    living = reach[reach > 0]
    return float(living.max() / np.median(living)) if living.size else 1.0


def _wide(net: FloatNet, tensor: int) -> Doubles:
    data: Array | None = net.tensors[tensor].data
    assert data is not None
    return data.astype(np.float64)
