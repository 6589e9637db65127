"""Which channels of a model live and die together.

Every tensor has one label a channel (the last axis). A convolution or dense layer opens new labels;
batch norm, activations, depthwise convolutions and pooling pass them on; Add makes pairs of them
one; Concatenate strings them together; Flatten repeats them; what cannot be followed is frozen, and
so are the model's inputs and outputs. Labels made one form a class, the smallest thing that can be
removed. Runs in the worker.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.unroll import Call, Unrolled

Labels = NDArray[np.int64]

CONVOLUTIONS = ("Conv1D", "Conv2D", "SeparableConv1D", "SeparableConv2D", "Conv2DTranspose")
OPENERS = (*CONVOLUTIONS, "Dense")
DEPTHWISE = ("DepthwiseConv1D", "DepthwiseConv2D")
_PASSING = (
    *("ReLU", "LeakyReLU", "PReLU", "ELU", "Activation", "Dropout", "GaussianNoise"),
    *("GaussianDropout", "SpatialDropout1D", "SpatialDropout2D", "ActivityRegularization"),
    *("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D", "Identity"),
    *("GlobalMaxPooling1D", "GlobalMaxPooling2D"),
    *("GlobalAveragePooling1D", "GlobalAveragePooling2D"),
    *("ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D"),
    *("UpSampling1D", "UpSampling2D"),
)
_PASSING_OPERATIONS = ("Relu", "Relu6", "LeakyRelu", "HardSigmoid", "HardSilu", "Sigmoid", "Tanh")
_MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")


@dataclass
class Classes:
    """Union-find over labels; a frozen class is never removed."""

    parent: list[int] = field(default_factory=list)
    frozen: set[int] = field(default_factory=set)  # of roots

    def open(self, n: int, *, frozen: bool = False) -> Labels:
        """`n` new labels."""
        labels = np.arange(len(self.parent), len(self.parent) + n)
        self.parent.extend(labels.tolist())
        if frozen:
            self.frozen.update(labels.tolist())
        return labels

    def root(self, label: int) -> int:
        """The label that stands for the class of `label`."""
        while self.parent[label] != label:
            self.parent[label] = self.parent[self.parent[label]]
            label = self.parent[label]
        return label

    def roots(self, labels: Labels) -> Labels:
        """`root` of each."""
        return np.asarray([self.root(int(label)) for label in labels], np.int64)

    def unite(self, left: Labels, right: Labels) -> None:
        """Make left[i] and right[i] one class, for each i."""
        for a, b in zip(left.tolist(), right.tolist(), strict=True):
            first, second = sorted((self.root(a), self.root(b)))
            self.parent[second] = first
            if second in self.frozen:
                self.frozen.add(first)

    def freeze(self, labels: Labels) -> None:
        """Keep these for good."""
        self.frozen.update(self.roots(labels).tolist())


@dataclass(frozen=True)
class Traced:
    """The labels of a model: each layer's at its input and output, by the layer's `id`."""

    classes: Classes
    layers: Mapping[int, Any]
    entering: Mapping[int, tuple[Labels, ...]]
    leaving: Mapping[int, Labels]
    norm_of: Mapping[int, Any]  # id of a convolution -> the batch norm that follows it at once
    tensors: tuple[Labels, ...]


def trace(graph: Unrolled) -> Traced:
    """Follow the channels of `graph` from its inputs to its outputs."""
    classes = Classes()
    labels: dict[int, Labels] = {}
    layers: dict[int, Any] = {}
    entering: dict[int, tuple[Labels, ...]] = {}
    leaving: dict[int, Labels] = {}
    norm_of: dict[int, Any] = {}
    maker: dict[int, Any] = {}

    for tensor in graph.inputs:
        labels[tensor] = classes.open(_width(graph.shapes[tensor]), frozen=True)
    for call in graph.calls:
        key = id(call.operation)
        given = tuple(labels[tensor] for tensor in call.inputs)
        if key in entering:
            _reuse(classes, entering[key], given)
        made = _follow(classes, graph, call, given, leaving.get(key))
        layers[key], entering[key] = call.operation, entering.get(key, given)
        if made is not None:
            leaving[key] = made
        for tensor in call.outputs:
            width = _width(graph.shapes[tensor])
            labels[tensor] = classes.open(width, frozen=True) if made is None else made
            maker[tensor] = call.operation
        before = maker.get(call.inputs[0]) if call.inputs else None
        if _kind(call.operation) == "BatchNormalization" and _kind(before) in OPENERS:
            norm_of[id(before)] = call.operation
    for tensor in graph.outputs:
        classes.freeze(labels[tensor])
    every = tuple(labels[tensor] for tensor in range(len(graph.shapes)))
    return Traced(classes, layers, entering, leaving, norm_of, every)


def _reuse(classes: Classes, first: tuple[Labels, ...], again: tuple[Labels, ...]) -> None:
    """A layer used twice has one set of weights: its inputs are united where they can be."""
    for left, right in zip(first, again, strict=False):
        if len(left) == len(right):
            classes.unite(left, right)
        else:
            classes.freeze(left)
            classes.freeze(right)


def _follow(
    classes: Classes,
    graph: Unrolled,
    call: Call,
    given: tuple[Labels, ...],
    earlier: Labels | None,
) -> Labels | None:
    """The labels of the call's output; None where they cannot be followed: all are frozen."""
    kind = _kind(call.operation)
    rule = _rule(call.operation, kind)
    shapes = [graph.shapes[tensor] for tensor in call.inputs]
    made = None
    plain = len(call.outputs) == 1 and _channels_last(call.operation) and not _constants(call)
    if rule is not None and plain:
        made = rule(classes, call.operation, given, shapes, graph.shapes[call.outputs[0]])
    if made is None:
        for labels in given:
            classes.freeze(labels)
        return None
    if earlier is not None and len(earlier) == len(made):
        classes.unite(earlier, made)
    return made


Rule = Callable[
    [Classes, Any, tuple[Labels, ...], list[tuple[int | None, ...]], tuple[int | None, ...]],
    "Labels | None",
]


def _rule(operation: Any, kind: str) -> Rule | None:
    if kind in _MERGES:
        return _merge
    if not _is_layer(operation):
        return _pass if kind in _PASSING_OPERATIONS else None
    if kind in OPENERS:
        return _open
    if kind in DEPTHWISE:
        return _depthwise
    known: Mapping[str, Rule] = {
        "BatchNormalization": _norm,
        "Concatenate": _concatenate,
        "Flatten": _reshape,
        "Reshape": _reshape,
    }
    return _pass if kind in _PASSING else known.get(kind)


def _open(classes: Classes, op: Any, given: Any, shapes: Any, out: Any) -> Labels | None:
    return classes.open(_width(out)) if getattr(op, "groups", 1) == 1 else None


def _depthwise(classes: Classes, op: Any, given: Any, shapes: Any, out: Any) -> Labels | None:
    return np.repeat(given[0], op.depth_multiplier)


def _pass(classes: Classes, op: Any, given: Any, shapes: Any, out: Any) -> Labels | None:
    name = getattr(getattr(op, "activation", None), "__name__", "")
    mixes = "softmax" in name or len(given) != 1 or len(given[0]) != _width(out)
    return None if mixes else given[0]


def _norm(classes: Classes, op: Any, given: Any, shapes: Any, out: Any) -> Labels | None:
    axes = op.axis if isinstance(op.axis, (list, tuple)) else [op.axis]
    last = len(axes) == 1 and axes[0] in (-1, len(out) - 1)
    return given[0] if last else None


def _merge(classes: Classes, op: Any, given: Any, shapes: Any, out: Any) -> Labels | None:
    width = _width(out)
    whole = [labels for labels in given if len(labels) == width]
    if not whole or any(len(labels) not in (1, width) for labels in given):
        return None
    for labels in given:
        if len(labels) != width:
            classes.freeze(labels)
    for labels in whole[1:]:
        classes.unite(whole[0], labels)
    return np.asarray(whole[0])


def _concatenate(classes: Classes, op: Any, given: Any, shapes: Any, out: Any) -> Labels | None:
    if op.axis in (-1, len(out) - 1):
        return np.concatenate(given)
    for labels in given[1:]:
        classes.unite(given[0], labels)
    return np.asarray(given[0])


def _reshape(classes: Classes, op: Any, given: Any, shapes: Any, out: Any) -> Labels | None:
    """Row-major reshapes that keep the last axis, join axes into it, or undo such a join."""
    old, new = _width(shapes[0]), _width(out)
    labels: Labels = given[0]
    if old == new:
        return labels
    if any(size is None for size in (*shapes[0][1:], *out[1:])):
        return None
    if new % old == 0 and _is_tail(new, shapes[0]):
        return np.tile(labels, new // old)
    if old % new == 0 and _is_tail(old, out):
        rows = labels.reshape(-1, new)
        return rows[0] if (rows == rows[0]).all() else None
    return None


def _is_tail(width: int, shape: tuple[int | None, ...]) -> bool:
    """Whether `width` is the product of some last axes of `shape`."""
    sizes = [size or 0 for size in shape[1:]]
    return any(math.prod(sizes[i:]) == width for i in range(len(sizes)))


def _constants(call: Call) -> bool:
    """Whether an array stands among the arguments, which would need slicing as well."""
    import keras

    arguments = keras.tree.flatten((call.arguments.args, call.arguments.kwargs))
    return any(np.ndim(a) > 0 for a in arguments if not keras.backend.is_keras_tensor(a))


def _channels_last(operation: Any) -> bool:
    return getattr(operation, "data_format", "channels_last") in ("channels_last", None)


def _kind(operation: Any) -> str:
    """Keras's name of the layer's class, for a subclass as well."""
    if operation is None:
        return ""
    for kind in type(operation).__mro__:
        if kind.__module__.startswith("keras."):
            return kind.__name__
    return type(operation).__name__


kind_of = _kind


def _is_layer(operation: Any) -> bool:
    import keras

    return isinstance(operation, keras.Layer)


def _width(shape: tuple[int | None, ...]) -> int:
    return int(shape[-1] or 0) if len(shape) > 1 else 0
