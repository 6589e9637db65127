"""The kernels of a Keras model, and how their weights lie in a .tflite. Runs in the worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.pruning.constraints import Codebook, KeepZeros, constrain
from edgepack.compress.pruning.follow import kind_of
from edgepack.compress.pruning.patterns import from_rows, rows_of

NAMES = ("kernel", "depthwise_kernel", "pointwise_kernel", "recurrent_kernel")
_DEPTHWISE = ("DepthwiseConv1D", "DepthwiseConv2D")
_TRANSPOSED = ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
_ROWED = (
    *("Dense", "Conv1D", "Conv2D", "Conv3D", "SeparableConv1D", "SeparableConv2D"),
    *("LSTMCell", "GRUCell", "SimpleRNNCell", *_TRANSPOSED),
)


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel: its layer's name, or `layer/variable` where a layer has several."""

    name: str
    layer: Any
    variable: Any
    rowed: bool  # one row of weights an output channel: all but depthwise ones
    transposed: bool  # [..., out, in] rather than [..., in, out]

    def rows(self, values: NDArray[Any]) -> NDArray[Any]:
        """An array of the kernel's shape as rows [out, K], or [1, all] where it has no rows."""
        return rows_of(values, self.transposed) if self.rowed else values.reshape(1, -1)

    def unrowed(self, rows: NDArray[Any]) -> NDArray[Any]:
        """The inverse of `rows`."""
        shape = tuple(self.variable.shape)
        return from_rows(rows, shape, self.transposed) if self.rowed else rows.reshape(shape)

    @property
    def values(self) -> NDArray[np.float32]:
        """The weights now."""
        return np.asarray(self.variable.numpy(), np.float32)


def kernels_of(
    model: Any, exclude: tuple[str, ...] = (), *, spare_ends: bool = False, rowed: bool = False
) -> tuple[list[Kernel], dict[str, str]]:
    """The kernels to compress, in the model's order, and those to spare, with why.

    `rowed` spares kernels without rows; biases and embeddings are nobody's kernels.
    """
    every = list(_kernels(model))
    spared: dict[str, str] = {}
    found: list[Kernel] = []
    for i, kernel in enumerate(every):
        if any(fnmatchcase(kernel.name.split("/")[0], pattern) for pattern in exclude):
            spared[kernel.name] = "excluded"
        elif spare_ends and i in (0, len(every) - 1):
            spared[kernel.name] = "the first or the last"
        elif rowed and not kernel.rowed:
            spared[kernel.name] = "its channels have no row of weights that lie together"
        else:
            found.append(kernel)
    nested = {layer.name for layer in model._flatten_layers() if _own(layer)}
    for name in sorted(nested - {kernel.layer.name for kernel in every}):
        spared[name] = "part of a layer that saves no constraints"
    return found, spared


def _kernels(model: Any) -> Iterator[Kernel]:
    seen: set[int] = set()
    for name, layer in _layers(model):
        own = _own(layer)
        kind = kind_of(layer)
        for variable in own:
            if id(variable) in seen or not _constrainable(layer, variable):
                continue
            seen.add(id(variable))
            depthwise = kind in _DEPTHWISE or variable.name == "depthwise_kernel"
            yield Kernel(
                name if len(own) == 1 else f"{name}/{variable.name}",
                layer,
                variable,
                rowed=kind in _ROWED and not depthwise,
                transposed=kind in _TRANSPOSED,
            )


def _layers(model: Any) -> Iterator[tuple[str, Any]]:
    """Layers whose constraints are saved, by the name of the layer that the user sees."""
    for layer in model.layers:
        cells = getattr(layer, "cell", None)
        if hasattr(layer, "layers") and hasattr(layer, "inputs"):
            yield from _layers(layer)
        elif cells is not None:
            yield from ((layer.name, cell) for cell in getattr(cells, "cells", [cells]))
        elif kind_of(layer) == "TimeDistributed":
            yield layer.name, layer.layer
        else:
            yield layer.name, layer


def _own(layer: Any) -> list[Any]:
    return [v for v in getattr(layer, "_trainable_variables", ()) if v.name in NAMES]


def _constrainable(layer: Any, variable: Any) -> bool:
    return constrain(layer, variable, variable.constraint)


def mask_of(kernel: Kernel) -> NDArray[np.bool_] | None:
    """True where earlier pruning lets a weight live; None where it left no mask."""
    constraint = kernel.variable.constraint
    if isinstance(constraint, KeepZeros):
        return constraint.mask
    if isinstance(constraint, Codebook) and constraint.zero:
        return np.asarray(constraint.ids != 0)
    return None


def zero_weights(model: Any) -> float:
    """The fraction of the kernels' weights that are exactly zero."""
    kernels = [v.numpy() for layer in model._flatten_layers() for v in _own(layer)]
    total = sum(k.size for k in kernels)
    return 1.0 - sum(int(np.count_nonzero(k)) for k in kernels) / total if total else 0.0
