"""A Keras model as TFLite sees it: one call an operator, batch norm beside what it folds into.

Runs in the worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.pruning.follow import kind_of
from edgepack.compress.pruning.rebuild import Copies, rebuilt
from edgepack.compress.pruning.unroll import Call, Unrolled, unroll

WITH_KERNEL = (
    *("Conv1D", "Conv2D", "Conv2DTranspose", "Dense"),
    *("DepthwiseConv1D", "DepthwiseConv2D"),
)
_SEPARABLE = ("SeparableConv1D", "SeparableConv2D")
_LEAST_GAIN = 1e-6
_FUSED = ("linear", "relu", "relu6")
_TAKES_ACTIVATION = (
    *("Add", "Subtract", "Multiply", "Divide", "BatchNormalization"),
    *("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"),
)


@dataclass(frozen=True, slots=True)
class NormalForm:
    """The model in normal form, its calls and the types of their tensors.

    `origins` gives the name a layer had for the one it has now; `gains` the factor of each channel
    by which a folded batch norm has scaled a layer's kernel, never zero.
    """

    model: Any
    graph: Unrolled
    types: Mapping[int, str]
    origins: Mapping[str, str]
    gains: Mapping[str, NDArray[np.float32]]


def normal_form(model: Any, name: str, *, fold: bool = False) -> NormalForm:
    """`model` with nested models opened, separable convolutions in two, activations apart.

    An activation that TFLite does not fuse becomes a layer of its own. With `fold`, batch norm
    disappears into the convolution or dense layer before it. Raises ModelError, naming `name`, for
    a model whose calls cannot be followed.
    """
    graph = unroll(model, name)
    norms = norms_after(graph) if fold else {}
    folded = set(norms.values())
    copies = Copies()
    origins: dict[str, str] = {}
    gains: dict[str, NDArray[np.float32]] = {}

    def chain(i: int, call: Call) -> list[Any]:
        layer = call.operation
        if i in folded:
            return []
        if i in norms:
            norm = graph.calls[norms[i]].operation
            made = [_with_norm(copies, layer, norm)]
            factor = norm_factors(norm)[0]
            gains[made[0].name] = np.where(np.abs(factor) > _LEAST_GAIN, factor, 1.0)
        elif kind_of(layer) in _SEPARABLE and channels_last(layer):
            made = _in_two(copies, layer)
        else:
            made = _activation_apart(copies, layer)
        origins.update({part.name: layer.name for part in made if hasattr(part, "name")})
        return made

    model = rebuilt(graph, chain).model
    copies.give_weights()
    graph = unroll(model, name)
    return NormalForm(model, graph, tensor_types(graph, model), origins, gains)


def tensor_types(graph: Unrolled, model: Any) -> Mapping[int, str]:
    """The type of each tensor that is read or given out."""
    pairs = [
        *zip(graph.inputs, model.inputs, strict=True),
        *zip(graph.outputs, model.outputs, strict=True),
    ]
    for call in graph.calls:
        pairs += zip(call.inputs, call.arguments.keras_tensors, strict=True)
    return {number: str(tensor.dtype) for number, tensor in pairs}


def consumers(graph: Unrolled) -> Mapping[int, list[int]]:
    """The calls that read each tensor; -1 where the model gives it out."""
    readers: dict[int, list[int]] = {number: [] for number in range(len(graph.shapes))}
    for i, call in enumerate(graph.calls):
        for number in call.inputs:
            readers[number].append(i)
    for number in graph.outputs:
        readers[number].append(-1)
    return readers


def norms_after(graph: Unrolled) -> dict[int, int]:
    """For each call whose batch norm folds into its kernel: the batch norm's call."""
    readers = consumers(graph)
    found = {}
    for i, call in enumerate(graph.calls):
        follower = _only_reader(graph, readers, call)
        linear = has_kernel(call.operation) and _activation(call.operation) == "linear"
        if linear and follower is not None and _is_norm(graph, follower):
            found[i] = follower
    return found


def fuses(graph: Unrolled, readers: Mapping[int, list[int]], i: int) -> bool:
    """Whether the answer of call i is no tensor in TFLite, because its one reader joins it."""
    call = graph.calls[i]
    follower = _only_reader(graph, readers, call)
    if follower is None:
        return False
    linear = has_kernel(call.operation) and _activation(call.operation) == "linear"
    if linear and _is_norm(graph, follower):
        return True
    takes = linear or kind_of(call.operation) in _TAKES_ACTIVATION
    return takes and _is_clip(graph.calls[follower].operation)


def has_kernel(layer: Any) -> bool:
    """Whether the layer has a kernel that TFLite keeps as one constant."""
    return kind_of(layer) in WITH_KERNEL and hasattr(layer, "weights") and channels_last(layer)


def channels_last(layer: Any) -> bool:
    """Whether channels are the last axis, which is TFLite's only way."""
    return getattr(layer, "data_format", None) in (None, "channels_last")


def activation_of(layer: Any) -> str:
    """The name of the activation that an operation applies, or is."""
    kind = kind_of(layer)
    if kind in ("Sigmoid", "Softmax", "Tanh", "Relu", "Relu6"):
        return kind.lower()
    return _activation(layer)


def norm_factors(norm: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Batch norm as it infers: answer = x * factor + offset, both [channels]."""
    mean, variance = (np.asarray(v, np.float64) for v in (norm.moving_mean, norm.moving_variance))
    factor = 1.0 / np.sqrt(variance + norm.epsilon)
    if norm.scale:
        factor = factor * np.asarray(norm.gamma, np.float64)
    offset = -mean * factor
    if norm.center:
        offset = offset + np.asarray(norm.beta, np.float64)
    return factor.astype(np.float32), offset.astype(np.float32)


def by_channel(kind: str, kernel: NDArray[Any], factor: NDArray[Any]) -> NDArray[Any]:
    """`factor` [channels] in a shape that multiplies the channels of a kernel of layer `kind`."""
    if kind.startswith("Depthwise"):
        return factor.reshape(kernel.shape[-2:])
    return factor[:, None] if kind == "Conv2DTranspose" else factor


def with_bias(layer: Any, values: list[Any]) -> tuple[dict[str, Any], NDArray[Any]]:
    """The layer's configuration with a bias, and that bias, zero where it had none."""
    config = layer.get_config()
    kernel = values[0]
    width = kernel.shape[-2] if kind_of(layer) == "Conv2DTranspose" else kernel.shape[-1]
    if kind_of(layer).startswith("Depthwise"):
        width = kernel.shape[-2] * kernel.shape[-1]
    bias = values[1] if layer.use_bias else np.zeros(width, np.float32)
    return {**config, "use_bias": True}, bias


def _with_norm(copies: Copies, layer: Any, norm: Any) -> Any:
    factor, offset = norm_factors(norm)
    values = layer.get_weights()
    config, bias = with_bias(layer, values)
    kernel = values[0] * by_channel(kind_of(layer), values[0], factor)
    return copies.of((id(layer), id(norm)), type(layer), config, [kernel, bias * factor + offset])


def _in_two(copies: Copies, layer: Any) -> list[Any]:
    """A separable convolution as a depthwise one and one of 1x1."""
    import keras

    config = layer.get_config()
    rank = len(config["kernel_size"])
    kinds = keras.layers
    common = {key: config[key] for key in ("trainable", "dtype", "data_format")}
    spread = {
        key: config[key]
        for key in ("kernel_size", "strides", "padding", "dilation_rate", "depth_multiplier")
    }
    own = {
        key: config[key] for key in ("filters", "use_bias", "bias_regularizer", "bias_constraint")
    }
    depthwise = {
        **common,
        **spread,
        "name": f"{layer.name}_depthwise",
        "use_bias": False,
        "depthwise_regularizer": config["depthwise_regularizer"],
        "depthwise_constraint": config["depthwise_constraint"],
    }
    pointwise = {
        **common,
        **own,
        "name": f"{layer.name}_pointwise",
        "kernel_size": [1] * rank,
        "kernel_regularizer": config["pointwise_regularizer"],
        "kernel_constraint": config["pointwise_constraint"],
    }
    values = layer.get_weights()
    first = kinds.DepthwiseConv1D if rank == 1 else kinds.DepthwiseConv2D
    second = kinds.Conv1D if rank == 1 else kinds.Conv2D
    name = _activation(layer)
    fused = name in _FUSED
    pointwise["activation"] = config["activation"] if fused else "linear"
    made = [
        copies.of((id(layer), "depthwise"), first, depthwise, values[:1]),
        copies.of((id(layer), "pointwise"), second, pointwise, values[1:]),
    ]
    return made if fused else [*made, _activation_layer(copies, layer, config["activation"])]


def _activation_apart(copies: Copies, layer: Any) -> list[Any]:
    if not has_kernel(layer) or _activation(layer) in _FUSED:
        return [copies.same(layer)]
    config = layer.get_config()
    linear = {**config, "activation": "linear"}
    bare = copies.of(id(layer), type(layer), linear, layer.get_weights())
    return [bare, _activation_layer(copies, layer, config["activation"])]


def _activation_layer(copies: Copies, layer: Any, activation: Any) -> Any:
    import keras

    config = {"name": f"{layer.name}_activation", "activation": activation}
    return copies.of((id(layer), "activation"), keras.layers.Activation, config)


def _only_reader(graph: Unrolled, readers: Mapping[int, list[int]], call: Call) -> int | None:
    if len(call.outputs) != 1 or len(readers[call.outputs[0]]) != 1:
        return None
    reader = readers[call.outputs[0]][0]
    return None if reader < 0 else reader


def _is_norm(graph: Unrolled, i: int) -> bool:
    norm = graph.calls[i].operation
    if kind_of(norm) != "BatchNormalization":
        return False
    rank = len(graph.shapes[graph.calls[i].inputs[0]])
    return norm.axis in (-1, rank - 1) or norm.axis in ([-1], [rank - 1])


def _is_clip(operation: Any) -> bool:
    """Whether it is one of the activations that TFLite's operators apply themselves."""
    kind = kind_of(operation)
    if kind == "ReLU":
        plain = not operation.negative_slope and not operation.threshold
        return plain and operation.max_value in (None, 6)
    if kind == "Activation":
        return _activation(operation) in ("relu", "relu6")
    return kind in ("Relu", "Relu6")


def _activation(layer: Any) -> str:
    activation = getattr(layer, "activation", None)
    return "linear" if activation is None else getattr(activation, "__name__", "")
