"""Takes channels out of a model that no output depends on, or that never change.

A channel, an index along the last axis of an int8 tensor, goes where every reader can do without
it: its weights are zero, or it holds one value whatever the input (interval.py), and that value's
share of each sum goes into the reader's bias. What lies between, layers that treat each channel by
itself, loses the channel as well. Every output keeps its bits.

A tensor with fewer channels is a new one, with a number of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.channel_links import Keep, Layer, Links, find_links
from edgepack.compiler.interval import INT32, channels_of
from edgepack.compiler.interval_layers import WEIGHTED, bias_of, weight_taps
from edgepack.graph import ABSENT, DType, Graph, Operator, Quantization, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RESHAPING = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS"})


def remove_channels(graph: Graph) -> Graph:
    """The graph without dead and constant channels; the same graph where it has none."""
    if not any(op.kind in WEIGHTED for op in graph.operators):
        return graph
    links = find_links(graph)
    keep = _settled(graph, links)
    if all(mask.all() for mask in keep.values()):
        return graph
    return _narrowed(graph, links, keep)


def _settled(graph: Graph, links: Links) -> Keep:
    """The fewest channels that can stay: [channels] a tensor."""
    keep = {index: mask.copy() for index, mask in links.frozen.items()}
    while True:
        _spread(links, keep)
        if not (_leave_some(graph, keep) | _leave_large(graph, links, keep)):
            return keep


def _spread(links: Links, keep: Keep) -> None:
    """Mark what the channels that stay need, and what must stay beside them."""
    while True:
        before = sum(int(mask.sum()) for mask in keep.values())
        for layer in reversed(links.layers):
            _need(layer, keep)
        for ties in (links.ties, links.ties[::-1]):
            for tie in ties:
                both = keep[tie.a][tie.at_a] | keep[tie.b][tie.at_b]
                keep[tie.a][tie.at_a[both]] = True
                keep[tie.b][tie.at_b[both]] = True
        if sum(int(mask.sum()) for mask in keep.values()) == before:
            return


def _need(layer: Layer, keep: Keep) -> None:
    operator = layer.operator
    keep[operator.inputs[0]] |= layer.needs[keep[operator.outputs[0]]].any(axis=0)


def _leave_some(graph: Graph, keep: Keep) -> bool:
    """No tensor without channels; and a dense layer scales two outputs otherwise than one."""
    least = dict.fromkeys(keep, 1)
    for operator in graph.operators:
        if operator.kind == "FULLY_CONNECTED" and operator.outputs[0] in keep:
            quantization = graph.tensor(operator.inputs[1]).quantization
            if quantization is not None and quantization.per_channel:
                least[operator.outputs[0]] = 2
    short = [index for index, mask in keep.items() if mask.sum() < least[index]]
    for index in short:
        gone = np.flatnonzero(~keep[index])
        keep[index][gone[: least[index] - int(keep[index].sum())]] = True
    return bool(short)


def _leave_large(graph: Graph, links: Links, keep: Keep) -> bool:
    """No bias beyond int32: where one would be, the layer keeps the constants it needs."""
    changed = False
    for layer in links.layers:
        gone = ~keep[layer.operator.inputs[0]]
        rows = keep[layer.operator.outputs[0]] & ~layer.constant
        bias = _folded_bias(layer, graph, gone)[rows]
        if gone.any() and bias.size and (bias.min() < INT32[0] or bias.max() > INT32[1]):
            back = gone & (layer.shares[rows] != 0).any(axis=0)
            keep[layer.operator.inputs[0]] |= back
            changed |= bool(back.any())
    return changed


def _folded_bias(layer: Layer, graph: Graph, gone: NDArray[np.bool_]) -> NDArray[np.int64]:
    shares: NDArray[np.int64] = layer.shares[:, gone].sum(axis=1)
    return bias_of(layer.operator, graph, len(shares)) + shares


def _narrowed(graph: Graph, links: Links, keep: Keep) -> Graph:
    tensors = list(graph.tensors)
    moved = {}
    for index, mask in keep.items():
        if not mask.all():
            old = graph.tensor(index)
            shape = (*old.shape[:-1], int(mask.sum()))
            moved[index] = _add(tensors, dataclasses.replace(old, shape=shape))
    layers = {id(layer.operator): layer for layer in links.layers}
    operators = [
        _operator(operator, graph, tensors, moved, keep, layers.get(id(operator)))
        if not moved.keys().isdisjoint((*operator.inputs, *operator.outputs))
        else operator
        for operator in graph.operators
    ]
    return dataclasses.replace(graph, tensors=tuple(tensors), operators=tuple(operators))


def _add(tensors: list[Tensor], tensor: Tensor) -> int:
    tensors.append(dataclasses.replace(tensor, index=len(tensors)))
    return len(tensors) - 1


def _operator(
    operator: Operator,
    graph: Graph,
    tensors: list[Tensor],
    moved: Mapping[int, int],
    keep: Keep,
    layer: Layer | None,
) -> Operator:
    inputs = [moved.get(index, index) for index in operator.inputs]
    options = operator.options
    rows = keep[operator.outputs[0]]
    if operator.kind == "DEPTHWISE_CONV_2D":
        inputs[1] = _add(tensors, _taken(graph.tensor(inputs[1]), rows, 3))
        if len(inputs) > 2 and inputs[2] != ABSENT:
            inputs[2] = _add(tensors, _taken(graph.tensor(inputs[2]), rows, 0))
    elif operator.kind in WEIGHTED:
        columns = keep.get(operator.inputs[0])
        weights, bias = _weights(operator, graph, layer, rows, columns)
        inputs = [inputs[0], _add(tensors, weights), _add(tensors, bias)]
    elif operator.kind == "RESHAPE":
        inputs = inputs[:1]
        options = {**options, "new_shape": tensors[moved[operator.outputs[0]]].shape}
    elif operator.kind not in _RESHAPING:
        inputs = [_operand(index, graph, tensors, rows) for index in inputs]
    outputs = tuple(moved.get(index, index) for index in operator.outputs)
    return dataclasses.replace(operator, inputs=tuple(inputs), outputs=outputs, options=options)


def _operand(index: int, graph: Graph, tensors: list[Tensor], rows: NDArray[np.bool_]) -> int:
    """A constant beside the channels, without those that go."""
    if index == ABSENT or index >= len(graph.tensors):
        return index
    tensor = graph.tensor(index)
    if tensor.data is None or tensor.dtype is not DType.INT8 or channels_of(tensor) != len(rows):
        return index
    return _add(tensors, _taken(tensor, rows, len(tensor.shape) - 1))


def _weights(
    operator: Operator,
    graph: Graph,
    layer: Layer | None,
    rows: NDArray[np.bool_],
    columns: NDArray[np.bool_] | None,
) -> tuple[Tensor, Tensor]:
    """Weights and bias of a convolution or dense layer with these outputs and input channels."""
    old = graph.tensor(operator.inputs[1])
    taps = weight_taps(operator, graph)
    bias = bias_of(operator, graph, len(rows))
    if layer is not None and columns is not None and not columns.all():
        bias = np.where(layer.constant, layer.sums.low, _folded_bias(layer, graph, ~columns))
        taps = np.where(layer.constant[:, None, None], 0, taps)[:, :, columns]
    taps = taps[rows]
    kernel = old.shape[1:-1] if operator.kind == "CONV_2D" else ()
    shape = (len(taps), *kernel, taps[0].size // int(np.prod(kernel, dtype=np.int64)))
    weights = dataclasses.replace(
        old,
        shape=shape,
        data=taps.astype(old.dtype.numpy).tobytes(),
        quantization=_sliced(old.quantization, rows, 0),
    )
    return weights, _bias(operator, graph, bias[rows], rows)


def _bias(
    operator: Operator, graph: Graph, values: NDArray[np.int64], rows: NDArray[np.bool_]
) -> Tensor:
    fits = values.min() >= INT32[0] and values.max() <= INT32[1]
    dtype = DType.INT32 if fits else DType.INT64
    data = values.astype(dtype.numpy).tobytes()
    if len(operator.inputs) > 2 and operator.inputs[2] != ABSENT:
        old = graph.tensor(operator.inputs[2])
        quantization = _sliced(old.quantization, rows, 0)
        return dataclasses.replace(
            old, shape=(len(values),), dtype=dtype, data=data, quantization=quantization
        )
    return Tensor(0, "bias", (len(values),), dtype, data=data)


def _taken(tensor: Tensor, mask: NDArray[np.bool_], axis: int) -> Tensor:
    """A constant with the slices of an axis that the mask keeps."""
    values = np.compress(mask, tensor.array(), axis=axis)
    return dataclasses.replace(
        tensor,
        shape=values.shape,
        data=values.tobytes(),
        quantization=_sliced(tensor.quantization, mask, axis),
    )


def _sliced(
    quantization: Quantization | None, mask: NDArray[np.bool_], axis: int
) -> Quantization | None:
    if quantization is None or not quantization.per_channel or quantization.axis != axis:
        return quantization
    return Quantization(
        _kept(quantization.scales, mask), _kept(quantization.zero_points, mask), axis
    )


def _kept(values: Sequence[float], mask: NDArray[np.bool_]) -> tuple:  # type: ignore[type-arg]
    return tuple(value for value, stays in zip(values, mask, strict=True) if stays)
