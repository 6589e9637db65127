"""Rebuilds a Keras model without some of its channels. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.follow import DEPTHWISE, kind_of
from edgepack.compress.groups import Traced
from edgepack.compress.unroll import Call, Unrolled

Mask = NDArray[np.bool_]


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
    names: set[str] = set()
    for call in graph.calls:
        key = id(call.operation)
        if key not in built:
            built[key] = _rebuilt(graph, traced, call, kept, names)
        made = _apply(built[key], call, tensors)
        for number, tensor in zip(call.outputs, made, strict=True):
            tensors[number] = tensor
        _give_weights(call.operation, built[key], traced, kept)
    outputs = [tensors[number] for number in graph.outputs]
    inputs = [tensors[number] for number in graph.inputs]
    return keras.Model(_single(inputs), _single(outputs), name=graph.name)


def _single(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


def _apply(operation: Any, call: Call, tensors: Mapping[int, Any]) -> list[Any]:
    import keras

    places = zip(call.arguments.keras_tensors, call.inputs, strict=True)
    args, kwargs = call.arguments.fill_in({id(old): tensors[number] for old, number in places})
    kwargs = {key: value for key, value in kwargs.items() if value is not None}
    return list(keras.tree.flatten(operation(*args, **kwargs)))


def _rebuilt(
    graph: Unrolled,
    traced: Traced,
    call: Call,
    kept: Callable[[NDArray[np.int64]], Mask],
    names: set[str],
) -> Any:
    """A new layer from the old one's configuration, its width that of what is kept.

    `names` holds the names taken: layers of nested models may share one.
    """
    import keras

    layer = call.operation
    if not isinstance(layer, keras.Layer):
        return layer
    config = layer.get_config()
    while config["name"] in names:
        config["name"] += "_"
    names.add(config["name"])
    leaving = traced.leaving.get(id(layer))
    if leaving is not None:
        width = int(kept(leaving).sum())
        for key in ("filters", "units"):
            if key in config:
                config[key] = width
        if kind_of(layer) == "Reshape":
            config["target_shape"] = _target(graph.shapes[call.outputs[0]], width)
    return type(layer).from_config(config)


def _target(shape: tuple[int | None, ...], width: int) -> tuple[int, ...]:
    sizes = [-1 if size is None else int(size) for size in shape[1:-1]]
    return (*sizes, width)


def _give_weights(
    old: Any, new: Any, traced: Traced, kept: Callable[[NDArray[np.int64]], Mask]
) -> None:
    if not getattr(old, "weights", None):
        return
    entering, leaving = traced.entering[id(old)], traced.leaving.get(id(old))
    values = old.get_weights()
    if leaving is not None:
        enter, leave = kept(entering[0]), kept(leaving)
        kind = kind_of(old)
        values = [
            _sliced(kind, variable.name, value, enter, leave)
            for variable, value in zip(old.weights, values, strict=True)
        ]
    new.set_weights(values)
    new.trainable = old.trainable


def _sliced(kind: str, name: str, value: NDArray[Any], enter: Mask, leave: Mask) -> NDArray[Any]:
    """What is left of one weight: kernels lose input and output channels, vectors outputs."""
    if (kind in DEPTHWISE and name == "kernel") or name == "depthwise_kernel":
        return value[..., enter, :]
    if name == "pointwise_kernel":
        multiplier = value.shape[-2] // len(enter)
        return value[..., np.repeat(enter, multiplier), :][..., leave]
    if name == "kernel" and kind == "Conv2DTranspose":
        return value[..., leave, :][..., enter]
    if name == "kernel":
        return value[..., enter, :][..., leave]
    return value[..., leave]
