"""Keras constraints that keep what compression made of a kernel, through any later training.

Keras applies a constraint after each step of its optimiser and saves it with the layer, so masks
and codebooks outlive saving, loading and a user's own `fit`. Import this module before loading
such a file with Keras itself. Runs where Keras may be imported.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

CODEBOOK_MAX = 16  # entries; an assignment is saved in four bits
Array = NDArray[Any]
Change = Callable[[Array], Array]


@keras.saving.register_keras_serializable(package="edgepack")
class KeepZeros(keras.constraints.Constraint):  # type: ignore[misc]
    """Keeps weights zero where `mask`, of the kernel's shape, is zero.

    `also` is a constraint that is applied first, the one that a user's layer came with.
    """

    def __init__(self, mask: Array | Mapping[str, Any], also: Any = None) -> None:
        kept = _unpacked(mask) if isinstance(mask, Mapping) else np.asarray(mask) != 0
        self._mask = keras.Variable(kept.astype(np.float32), trainable=False, name="mask")
        self.also = keras.saving.deserialize_keras_object(also) if _is_config(also) else also

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True where a weight may differ from zero."""
        return np.asarray(self._mask.numpy() != 0, np.bool_)

    def set_mask(self, mask: Array) -> None:
        """Another mask of the same shape; training that runs takes it up with its next step."""
        self._mask.assign((np.asarray(mask) != 0).astype(np.float32))

    def __call__(self, w: Any) -> Any:
        """The weights, masked."""
        if self.also is not None:
            w = self.also(w)
        return w * keras.ops.cast(self._mask, w.dtype)

    def changed(self, change: Change) -> KeepZeros:
        """The same constraint for a kernel that `change` made of this one's."""
        return KeepZeros(change(self.mask), self.also)

    def get_config(self) -> dict[str, Any]:
        """The mask, a bit a weight, and the other constraint."""
        also = None if self.also is None else keras.saving.serialize_keras_object(self.also)
        return {"mask": _packed(self.mask), "also": also}


@keras.saving.register_keras_serializable(package="edgepack")
class Codebook(keras.constraints.Constraint):  # type: ignore[misc]
    """Gives all weights of a cluster their common mean.

    `ids`, of the kernel's shape, holds each weight's entry, below `size`. `groups` names the group
    of each output channel, along `axis`, and a group has `size` entries of its own; none is one
    group. With `zero` entry 0 of each group stays 0, so that pruned weights do.
    """

    def __init__(
        self,
        ids: Array | Mapping[str, Any],
        size: int,
        groups: Sequence[int] = (),
        axis: int = -1,
        zero: bool = False,
    ) -> None:
        self.ids = _unpacked(ids) if isinstance(ids, Mapping) else np.asarray(ids, np.uint8)
        self.size, self.axis, self.zero = size, axis, zero
        self.groups = tuple(groups) or (0,) * self.ids.shape[axis]

    @property
    def places(self) -> NDArray[np.int32]:
        """Each weight's entry among those of all groups, of the kernel's shape."""
        return np.asarray(self.ids + self.size * self._group(), np.int32)

    def _group(self) -> NDArray[np.int64]:
        shape = [1] * self.ids.ndim
        shape[self.axis] = -1
        return np.broadcast_to(np.reshape(self.groups, shape), self.ids.shape)

    def entries(self, w: Array) -> NDArray[np.float64]:
        """The values [groups, size] of the kernel `w`; NaN for an entry without weights."""
        places, flat = self.places.ravel(), np.asarray(w, np.float64).ravel()
        n = (max(self.groups) + 1) * self.size
        total = np.bincount(places, flat, n)
        with np.errstate(invalid="ignore"):
            means = (total / np.bincount(places, minlength=n)).reshape(-1, self.size)
        if self.zero:
            means[:, 0] = 0.0
        return np.asarray(means)

    def __call__(self, w: Any) -> Any:
        """Each weight as the mean of its cluster."""
        ops = keras.ops
        places = self.places.ravel()
        n = (max(self.groups) + 1) * self.size
        counts = np.maximum(np.bincount(places, minlength=n), 1)
        weight = (1.0 / counts).astype(np.float32)
        if self.zero:
            weight[:: self.size] = 0.0
        total = ops.segment_sum(ops.reshape(w, (-1,)), places, num_segments=n)
        means = total * ops.cast(weight, w.dtype)
        return ops.reshape(ops.take(means, places), w.shape)

    def changed(self, change: Change) -> Codebook:
        """The same constraint for a kernel that `change` made of this one's."""
        ids, group = change(self.ids), change(self._group())
        along = np.moveaxis(group, self.axis, 0).reshape(ids.shape[self.axis], -1)[:, 0]
        return Codebook(ids, self.size, along.tolist(), self.axis, self.zero)

    def get_config(self) -> dict[str, Any]:
        """The assignments, four bits each, and the shape of the codebook."""
        return {
            "ids": _packed(self.ids, 4),
            "size": self.size,
            "groups": list(self.groups),
            "axis": self.axis,
            "zero": self.zero,
        }


OURS = (KeepZeros, Codebook)


def constrain(layer: Any, variable: Any, constraint: Any) -> bool:
    """Put `constraint` on a kernel of `layer`; False where saving would lose it."""
    for name in (f"{variable.name}_constraint", f"{variable.name.split('_')[0]}_constraint"):
        if hasattr(layer, name):
            break
    else:
        name = "depthwise_constraint"
    if not hasattr(layer, name):
        return False
    setattr(layer, name, constraint)
    variable.constraint = constraint
    return True


def carry(old: Any, new: Any, cut: Callable[[Any, Array], Array] | None = None) -> None:
    """Give the kernels of layer `new` the masks and codebooks of the kernels of the same name.

    `cut(variable, array)` makes of an array of the old kernel's shape one of the new kernel's.
    """
    by_name = {v.name: v for v in new.weights}
    for variable in old.weights:
        constraint = getattr(variable, "constraint", None)
        if isinstance(constraint, OURS) and variable.name in by_name:
            change = _change(variable, cut)
            constrain(new, by_name[variable.name], constraint.changed(change))


def _change(variable: Any, cut: Callable[[Any, Array], Array] | None) -> Change:
    return (lambda array: array) if cut is None else (lambda array: cut(variable, array))


def _is_config(value: Any) -> bool:
    return isinstance(value, Mapping) and "class_name" in value


def _packed(values: Array, bits: int = 1) -> dict[str, Any]:
    flat = np.asarray(values, np.uint8).ravel()
    if bits == 1:
        content = np.packbits(flat).tobytes()
    else:
        even = np.append(flat, np.zeros(len(flat) % 2, np.uint8))
        content = (even[::2] | even[1::2] << 4).tobytes()
    return {
        "shape": list(values.shape),
        "bits": bits,
        "values": base64.b64encode(content).decode(),
    }


def _unpacked(config: Mapping[str, Any]) -> Array:
    content = np.frombuffer(base64.b64decode(config["values"]), np.uint8)
    shape = tuple(config["shape"])
    count = int(np.prod(shape))
    if config["bits"] == 1:
        return np.unpackbits(content, count=count).reshape(shape).astype(np.bool_)
    both = np.stack([content & 15, content >> 4], -1).ravel()
    return both[:count].reshape(shape)
