"""Rounds the kernels of a Keras model in memory to what integers of few bits stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.quantizing.ranges import integers, restored, weight_exponents, weight_steps
from edgepack.compress.quantizing.widths import dynamic
from edgepack.compress.spec import Scheme
from edgepack.errors import ModelError, UsageError

if TYPE_CHECKING:
    from edgepack.compress.pruning.kernels import Kernel

_MAX_ERROR = 0.15
_INTEGER_BITS = (2, 4, 8)
_FLOAT_BITS: Mapping[int, Any] = {16: np.float16, 32: np.float32}


@dataclass(frozen=True, slots=True)
class QuantizedTensor:
    """One kernel on its grid: `error` is the change's root mean square over the weights'."""

    layer: str
    bits: int  # 16 and 32 are floats
    channels: int  # that have a step of their own; 1 for the tensor
    least_step: float
    largest_step: float
    error: float
    reason: str = ""  # why this width, where the scheme chose it


@dataclass(frozen=True, slots=True)
class QuantizedWeights:
    """What quantising the weights of a model did; `spared` are kernels left alone, with why."""

    tensors: tuple[QuantizedTensor, ...]
    spared: Mapping[str, str]
    weight_bytes: int  # of the kernels, packed, and 8 a channel for scale and bias


def quantize_weights(
    model: Any,
    bits: int = 8,
    scheme: Scheme = "global",
    *,
    layers: Mapping[str, int] | None = None,
    max_error: float = _MAX_ERROR,
    per_channel: bool = True,
    exclude: tuple[str, ...] = (),
) -> tuple[Any, QuantizedWeights]:
    """`model` with its kernels rounded to what integers of `bits` stand for.

    `bits` are 2 (-1, 0 and 1), 4, 8, 16 or 32 (floats). "global" gives all kernels that width;
    "dynamic" the narrowest one up to `bits` whose relative error is at most `max_error`; "mixed"
    what `layers` says of names (* and ? match, the last one that fits counts) and `bits` elsewhere;
    "power_of_two" takes steps 2**-p. 8 bits scale by the maximum, fewer by the least squared error.
    """
    from edgepack.compress.pruning.kernels import kernels_of
    from edgepack.compress.tuning.lesson import copied

    _require_scheme(bits, scheme, layers)
    require_keras(model)
    copy = copied(model)
    kernels, spared = kernels_of(copy, exclude)
    found = []
    for kernel in kernels:
        values, channels = _by_channel(kernel)
        axis = channels if per_channel else None
        width, reason = _width(kernel.name, values, axis, bits, scheme, layers, max_error)
        near, row = _rounded(kernel.name, values, axis, width, scheme, reason)
        kernel.variable.assign(near.reshape(kernel.variable.shape))
        found.append((row, values.size))
    _require_known(layers, [row.layer for row, _ in found])
    size = sum(-(-n * row.bits // 8) + 8 * row.channels for row, n in found)
    return copy, QuantizedWeights(tuple(row for row, _ in found), spared, size)


def require_keras(model: Any) -> None:
    """UsageError for what is no Keras model, ModelError for one without an input shape."""
    from edgepack.compress.load import check_toolchain

    check_toolchain()
    import keras

    if not isinstance(model, keras.Model):
        raise UsageError(
            f"a Keras model is wanted, not {type(model).__name__}; for a file see "
            "edgepack.prune_model and edgepack.quantize_model"
        )
    if not model.built or not hasattr(model, "inputs") or model.inputs is None:
        raise ModelError(
            f"{model.name}: has no input shape yet; give it a keras.Input, or call build"
        )


def _require_scheme(bits: int, scheme: str, layers: Mapping[str, int] | None) -> None:
    known = get_args(Scheme)
    if scheme not in known:
        raise UsageError(
            f"quantize_weights: scheme {scheme!r} is not known; known: {', '.join(known)}"
        )
    for width in (bits, *(layers or {}).values()):
        if width not in (*_INTEGER_BITS, *_FLOAT_BITS):
            raise UsageError(
                f"quantize_weights: {width} bits are not known; known: 2, 4, 8, 16 and 32 (floats)"
            )
    if (scheme == "mixed") != bool(layers):
        raise UsageError(
            "quantize_weights: scheme 'mixed' and `layers` go together: {'conv*': 4, 'dense': 8}"
        )
    if bits in _FLOAT_BITS and scheme in ("dynamic", "power_of_two"):
        raise UsageError(
            f"quantize_weights: {bits} bits are floats, which scheme {scheme!r} has not; "
            "take 2, 4 or 8"
        )


def _require_known(layers: Mapping[str, int] | None, names: list[str]) -> None:
    for pattern in layers or {}:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise UsageError(
                f"quantize_weights: {pattern!r} fits no layer; there are {', '.join(names)}"
            )


def _width(
    name: str,
    values: NDArray[np.float32],
    axis: int | None,
    bits: int,
    scheme: str,
    layers: Mapping[str, int] | None,
    max_error: float,
) -> tuple[int, str]:
    """The width of one kernel, and why where the scheme chose it."""
    if scheme == "dynamic":
        widths = [width for width in _INTEGER_BITS if width <= bits]
        found = dynamic(name, values, axis, max_error, widths=widths)
        return found.bits, found.reason
    fitting = [width for pattern, width in (layers or {}).items() if fnmatchcase(name, pattern)]
    return (fitting[-1], "") if fitting else (bits, "")


def _rounded(
    name: str,
    values: NDArray[np.float32],
    axis: int | None,
    bits: int,
    scheme: str,
    reason: str,
) -> tuple[NDArray[np.float32], QuantizedTensor]:
    """The values on their grid, and what that did."""
    if bits in _FLOAT_BITS:
        near, steps = values.astype(_FLOAT_BITS[bits]).astype(np.float32), np.zeros(1)
    else:
        method: Literal["max", "mse"] = "max" if bits == 8 else "mse"
        if scheme == "power_of_two":
            steps = np.exp2(-weight_exponents(values, axis, bits, method, name=name).astype(float))
        else:
            steps = weight_steps(values, axis, bits, method, name=name)
        near = restored(integers(values, steps, axis, bits), steps, axis)
    energy = float(np.square(values, dtype=np.float64).sum())
    wrong = float(np.square(near - values, dtype=np.float64).sum())
    row = QuantizedTensor(
        layer=name,
        bits=bits,
        channels=len(steps),
        least_step=float(steps.min()),
        largest_step=float(steps.max()),
        error=float(np.sqrt(wrong / energy)) if energy else 0.0,
        reason=reason,
    )
    return near, row


def _by_channel(kernel: Kernel) -> tuple[NDArray[np.float32], int]:
    """The kernel's values, and the axis of the channels that have a step of their own."""
    from edgepack.compress.pruning.follow import DEPTHWISE, kind_of

    values = kernel.values
    if kernel.variable.name == "depthwise_kernel" or kind_of(kernel.layer) in DEPTHWISE:
        return values.reshape(*values.shape[:-2], -1), values.ndim - 2
    return values, values.ndim - (2 if kernel.transposed else 1)
