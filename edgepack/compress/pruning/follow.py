"""How each kind of layer passes channels on: one rule a kind, from labels to labels.

A rule that gives None does not know the way, and whoever asked keeps every channel that enters.
Runs in the worker.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Shape = tuple[int | None, ...]

CONVOLUTIONS = ("Conv1D", "Conv2D", "SeparableConv1D", "SeparableConv2D", "Conv2DTranspose")
OPENERS = (*CONVOLUTIONS, "Dense")
DEPTHWISE = ("DepthwiseConv1D", "DepthwiseConv2D")
READERS = ("LSTM", "GRU", "SimpleRNN")  # take any channels in, and give all of their own
_MIXING = ("softmax", "log_softmax", "sparsemax", "glu")  # activations: a channel depends on others
_PASSING = (
    *("ReLU", "LeakyReLU", "PReLU", "ELU", "Activation", "Dropout", "GaussianNoise", "Rescaling"),
    *("GaussianDropout", "SpatialDropout1D", "SpatialDropout2D", "ActivityRegularization"),
    *("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D", "Identity"),
    *("GlobalMaxPooling1D", "GlobalMaxPooling2D"),
    *("GlobalAveragePooling1D", "GlobalAveragePooling2D"),
    *("ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D", "RepeatVector"),
    *("UpSampling1D", "UpSampling2D"),
)
_PASSING_OPERATIONS = (
    *("Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Celu", "Gelu", "Silu", "Softplus", "Mish"),
    *("HardSigmoid", "HardSilu", "Sigmoid", "Tanh", "Softsign", "Identity"),
    *("Absolute", "Abs", "Square", "Sqrt", "Exp", "Negative", "Clip"),
)
_REDUCTIONS = ("Mean", "Max", "Sum", "Min", "Amax", "Amin")
_MERGES = (
    *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Divide", "TrueDivide"),
)


class Union(Protocol):
    """What the rules ask of the classes of labels."""

    def open(self, n: int, frozen: str = "") -> Labels:
        """`n` new labels; `frozen` says why they must stay."""

    def unite(self, left: Labels, right: Labels) -> None:
        """Make left[i] and right[i] one."""

    def freeze(self, labels: Labels, why: str) -> None:
        """Keep these for good."""


@dataclass(frozen=True, slots=True)
class Step:
    """One use of a layer: `given` are the labels of its inputs, `shapes` and `made` have the
    batch first."""

    operation: Any
    arguments: Any
    given: tuple[Labels, ...]
    shapes: tuple[Shape, ...]
    made: tuple[Shape, ...]

    @property
    def name(self) -> str:
        """The layer's kind and name, for messages."""
        return f"{kind_of(self.operation)} '{self.operation.name}'"


Rule = Callable[[Union, Step], "tuple[Labels, ...] | None"]


def follow(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    """The labels of each output, or None where they cannot be followed."""
    kind = kind_of(step.operation)
    rule = _rule(step.operation, kind)
    if rule is None or not _channels_last(step.operation) or _has_arrays(step.arguments):
        return None
    if len(step.made) != 1 and kind != "Split":
        return None
    found = rule(classes, step)
    widths = [width_of(shape) for shape in step.made]
    return found if found and [len(labels) for labels in found] == widths else None


def kind_of(operation: Any) -> str:
    """Keras's name of the layer's class, for a subclass as well."""
    if operation is None:
        return ""
    for kind in type(operation).__mro__:
        if kind.__module__.startswith("keras."):
            return kind.__name__
    return type(operation).__name__


def width_of(shape: Shape) -> int:
    """Channels of a tensor; 0 where it has a batch alone."""
    return int(shape[-1] or 0) if len(shape) > 1 else 0


def _rule(operation: Any, kind: str) -> Rule | None:
    import keras

    shared: Mapping[str, Rule] = {"Concatenate": _concatenate, "Reshape": _reshape}
    if kind in _MERGES:
        return _merge
    if kind in shared:
        return shared[kind]
    if not isinstance(operation, keras.Layer):
        if kind in _PASSING_OPERATIONS:
            return _pass
        known: Mapping[str, Rule] = {"Split": _split, "GetItem": _slice, "Transpose": _transpose}
        return _reduce if kind in _REDUCTIONS else known.get(kind)
    for kinds, rule in ((OPENERS, _open), (READERS, _read), (DEPTHWISE, _depthwise)):
        if kind in kinds:
            return rule
    layers: Mapping[str, Rule] = {
        "BatchNormalization": _norm,
        "GroupNormalization": _norm_of_each,
        "Flatten": _reshape,
        "Permute": _permute,
    }
    return _pass if kind in _PASSING else layers.get(kind)


def _open(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    if getattr(step.operation, "groups", 1) != 1:
        return None
    why = f"{step.name} weighs them by each other" if _mixes(step.operation) else ""
    return (classes.open(width_of(step.made[0]), why),)


def _read(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    if len(step.given) != 1:
        return None
    return (classes.open(width_of(step.made[0]), f"made by {step.name}"),)


def _depthwise(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    if _mixes(step.operation):
        return None
    return (np.repeat(step.given[0], step.operation.depth_multiplier),)


def _pass(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    alike = len(step.given) == 1 and len(step.given[0]) == width_of(step.made[0])
    vectors = any(np.ndim(getattr(step.operation, name, 0)) for name in ("scale", "offset"))
    return step.given if alike and not vectors and not _mixes(step.operation) else None


def _mixes(operation: Any) -> bool:
    return getattr(getattr(operation, "activation", None), "__name__", "") in _MIXING


def _norm(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    axis = step.operation.axis
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    last = len(axes) == 1 and axes[0] in (-1, len(step.made[0]) - 1)
    return (step.given[0],) if last else None


def _norm_of_each(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    """A group a channel is each channel's own business; wider groups mix channels."""
    each = step.operation.groups in (-1, width_of(step.made[0]))
    return _norm(classes, step) if each else None


def _merge(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    width = width_of(step.made[0])
    whole = [labels for labels in step.given if len(labels) == width]
    if not whole or any(len(labels) not in (1, width) for labels in step.given):
        return None
    for labels in step.given:
        if len(labels) != width:
            classes.freeze(labels, f"{step.name} spreads it over all channels")
    for labels in whole[1:]:
        classes.unite(whole[0], labels)
    return (whole[0],)


def _concatenate(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    if step.operation.axis in (-1, len(step.made[0]) - 1):
        return (np.concatenate(step.given),)
    for labels in step.given[1:]:
        classes.unite(step.given[0], labels)
    return (step.given[0],)


def _split(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    if step.operation.axis not in (-1, len(step.shapes[0]) - 1):
        return None
    ends = np.cumsum([width_of(shape) for shape in step.made])[:-1]
    return tuple(np.split(step.given[0], ends))


def _slice(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    """`x[..., a:b]`, and slices of other axes that leave the last as it is."""
    key = key_of(step.arguments)
    rank = len(step.shapes[0])
    if any(part is None for part in key):
        return None
    if len(key) < rank and Ellipsis not in key:
        return step.given if len(step.made[0]) > 1 else None
    last = key[-1]
    if last is Ellipsis:
        return step.given
    plain = isinstance(last, slice) and last.step in (None, 1)
    return (step.given[0][last],) if plain else None


def key_of(arguments: Any) -> tuple[Any, ...]:
    """What stands between the brackets of `x[...]`."""
    key = arguments.args[1] if len(arguments.args) > 1 else arguments.kwargs["key"]
    return key if isinstance(key, tuple) else (key,)


def _transpose(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    axes, rank = step.operation.axes, len(step.made[0])
    return step.given if axes and axes[-1] in (-1, rank - 1) and axes[0] == 0 else None


def _permute(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    return step.given if step.operation.dims[-1] == len(step.operation.dims) else None


def _reduce(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    axis, rank = step.operation.axis, len(step.shapes[0])
    if axis is None:
        return None
    axes = [a % rank for a in (axis if isinstance(axis, (list, tuple)) else [axis])]
    return None if 0 in axes or rank - 1 in axes else step.given


def _reshape(classes: Union, step: Step) -> tuple[Labels, ...] | None:
    """Row-major reshapes that keep the last axis, join axes into it, or undo such a join."""
    shape, made = step.shapes[0], step.made[0]
    old, new = width_of(shape), width_of(made)
    labels = step.given[0]
    if old == new:
        return (labels,)
    if not old or not new or any(size is None for size in (*shape[1:], *made[1:])):
        return None
    if new % old == 0 and _is_tail(new, shape):
        return (np.tile(labels, new // old),)
    if old % new == 0 and _is_tail(old, made):
        rows = labels.reshape(-1, new)
        return (rows[0],) if (rows == rows[0]).all() else None
    return None


def _is_tail(width: int, shape: Shape) -> bool:
    """Whether `width` is the product of some last axes of `shape`."""
    sizes = [size or 0 for size in shape[1:]]
    return any(math.prod(sizes[i:]) == width for i in range(len(sizes)))


def _has_arrays(arguments: Any) -> bool:
    """Whether an array stands among the arguments, which would need slicing as well."""
    import keras

    flat = keras.tree.flatten((arguments.args, arguments.kwargs))
    return any(
        isinstance(a, keras.Variable) or np.ndim(a) > 0
        for a in flat
        if not isinstance(a, slice) and a is not Ellipsis and not keras.backend.is_keras_tensor(a)
    )


def _channels_last(operation: Any) -> bool:
    return getattr(operation, "data_format", "channels_last") in ("channels_last", None)
