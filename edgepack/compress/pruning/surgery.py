"""Rebuilds a Keras model without some of its channels. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.pruning.follow import DEPTHWISE, READERS, key_of, kind_of
from edgepack.compress.pruning.groups import Traced
from edgepack.compress.pruning.rebuild import apply, single
from edgepack.compress.pruning.unroll import Call, Unrolled

Mask = NDArray[np.bool_]
Kept = Callable[[NDArray[np.int64]], Mask]


def without(graph: Unrolled, traced: Traced, removed: set[int]) -> Any:
    """The model of `graph` without the channel classes `removed` (roots).

    It answers what the original answers when those channels are zero wherever they are read:
    each layer is built anew from its configuration and given its remaining weights.
    """
    import keras

    def kept(labels: NDArray[np.int64]) -> Mask:
        return np.asarray([root not in removed for root in traced.classes.roots(labels)], np.bool_)

    tensors: dict[int, Any] = {}
    for number, old in zip(graph.inputs, graph.placeholders, strict=True):
        tensors[number] = keras.Input(batch_shape=old.shape, dtype=old.dtype, name=old.name)
    built: dict[int, Any] = {}
    names = names_of(graph)
    for call in graph.calls:
        if isinstance(call.operation, keras.Layer):
            key = id(call.operation)
            if key not in built:
                built[key] = _rebuilt(graph, traced, call, kept, names[key])
            made = apply(built[key], call, tensors)
            _give_weights(call.operation, built[key], traced, kept)
        else:
            made = _operated(graph, traced, call, kept, tensors)
        tensors.update(zip(call.outputs, made, strict=True))
    outputs = [tensors[number] for number in graph.outputs]
    inputs = [tensors[number] for number in graph.inputs]
    return keras.Model(single(inputs), single(outputs), name=graph.name)


def _operated(
    graph: Unrolled, traced: Traced, call: Call, kept: Kept, tensors: dict[int, Any]
) -> list[Any]:
    """What an operation without weights makes of fewer channels."""
    from keras import ops

    kind = kind_of(call.operation)
    masks = [kept(traced.tensors[number]) for number in (*call.inputs, *call.outputs)]
    if all(mask.all() for mask in masks):
        return apply(call.operation, call, tensors)
    given, made = tensors[call.inputs[0]], masks[len(call.inputs) :]
    if kind == "Split":
        ends = np.cumsum([int(mask.sum()) for mask in made])[:-1].tolist()
        return list(ops.split(given, ends, axis=call.operation.axis))
    if kind == "Reshape":
        target = _target(graph.shapes[call.outputs[0]], int(made[0].sum()))
        return [ops.reshape(given, (-1, *target))]
    if kind == "GetItem" and isinstance(key_of(call.arguments)[-1], slice):
        return [given[_narrower(graph, traced, call, kept)]]
    return apply(call.operation, call, tensors)


def _narrower(graph: Unrolled, traced: Traced, call: Call, kept: Kept) -> tuple[Any, ...]:
    """The key of `x[..., a:b]` for what is left of x."""
    key = key_of(call.arguments)
    if len(key) < len(graph.shapes[call.inputs[0]]) and Ellipsis not in key:
        return key
    remaining = kept(traced.tensors[call.inputs[0]])
    first, last, _ = key[-1].indices(len(remaining))
    ends = slice(int(remaining[:first].sum()), int(remaining[:last].sum()))
    return (*key[:-1], ends)


def names_of(graph: Unrolled) -> dict[int, str]:
    """Names of the layers by `id`, no two alike: layers of nested models may share one."""
    import keras

    names: dict[int, str] = {}
    for layer in (call.operation for call in graph.calls):
        if isinstance(layer, keras.Layer) and id(layer) not in names:
            name = layer.name
            while name in names.values():
                name += "_"
            names[id(layer)] = name
    return names


def _rebuilt(graph: Unrolled, traced: Traced, call: Call, kept: Kept, name: str) -> Any:
    """A new layer from the old one's configuration, its width that of what is kept."""
    layer = call.operation
    config = {**layer.get_config(), "name": name}
    leaving = traced.leaving.get(id(layer))
    if leaving is not None:
        width = int(kept(leaving).sum())
        for key in ("filters", "units"):
            if key in config:
                config[key] = width
        if kind_of(layer) == "GroupNormalization":
            config["groups"] = -1
        if kind_of(layer) == "Reshape":
            config["target_shape"] = _target(graph.shapes[call.outputs[0]], width)
    return type(layer).from_config(config)


def _target(shape: tuple[int | None, ...], width: int) -> tuple[int, ...]:
    sizes = [-1 if size is None else int(size) for size in shape[1:-1]]
    return (*sizes, width)


def _give_weights(old: Any, new: Any, traced: Traced, kept: Kept) -> None:
    from edgepack.compress.pruning.constraints import carry

    if not getattr(old, "weights", None):
        return
    entering, leaving = traced.entering[id(old)], traced.leaving.get(id(old))

    def cut(variable: Any, value: NDArray[Any]) -> NDArray[Any]:
        if leaving is None:
            return value
        return _sliced(kind_of(old), variable.name, value, kept(entering[0]), kept(leaving))

    pairs = zip(old.weights, old.get_weights(), strict=True)
    new.set_weights([cut(variable, value) for variable, value in pairs])
    new.trainable = old.trainable
    carry(old, new, cut)


def _sliced(kind: str, name: str, value: NDArray[Any], enter: Mask, leave: Mask) -> NDArray[Any]:
    """What is left of one weight: kernels lose input and output channels, vectors outputs."""
    if (kind in DEPTHWISE and name == "kernel") or name == "depthwise_kernel":
        return value[..., enter, :]
    if name == "pointwise_kernel":
        multiplier = value.shape[-2] // len(enter)
        return value[..., np.repeat(enter, multiplier), :][..., leave]
    if kind in READERS:
        return value[..., enter, :] if name == "kernel" else value
    if name == "kernel" and kind == "Conv2DTranspose":
        return value[..., leave, :][..., enter]
    if name == "kernel":
        return value[..., enter, :][..., leave]
    return value[..., leave] if value.shape[-1:] == leave.shape else value
