"""Intervals of a tensor's channels, and TFLite's fixed-point arithmetic on their ends.

A channel is an index along the last axis. Everything here rises or falls with its operands, so
the ends suffice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.fixed_point import Multiplier
from edgepack.compiler.operators import scaling
from edgepack.graph import Operator, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

INT32 = (-(2**31), 2**31 - 1)


@dataclass(frozen=True, slots=True)
class Interval:
    """The least and the greatest value of each channel, both [channels], both reached or beyond."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Which channels hold one value only."""
        return np.equal(self.low, self.high)

    @property
    def hull(self) -> tuple[int, int]:
        """Bounds of all channels together."""
        return int(self.low.min()), int(self.high.max())


def whole(channels: int, low: int = -128, high: int = 127) -> Interval:
    """One interval for all channels, of int8 if not said otherwise."""
    return Interval(np.full(channels, low, np.int64), np.full(channels, high, np.int64))


def channels_of(tensor: Tensor) -> int:
    """The size of the last axis; 1 for a scalar."""
    return tensor.shape[-1] if tensor.shape else 1


def union(a: Interval, b: Interval) -> Interval:
    """The least interval of each channel that holds both."""
    return Interval(np.minimum(a.low, b.low), np.maximum(a.high, b.high))


def products_of(a: Interval, b: Interval) -> Interval:
    """All products of a number of one and a number of the other."""
    corners = np.stack([p * q for p in (a.low, a.high) for q in (b.low, b.high)])
    return Interval(corners.min(axis=0), corners.max(axis=0))


def clamped(interval: Interval, output: Tensor, operator: Operator) -> Interval:
    """What the operator's fused activation, and int8 itself, leave of the stored values."""
    activation = operator.options.get("fused_activation_function", "NONE")
    low, high = scaling.activation_range(output, str(activation))
    return Interval(np.clip(interval.low, low, high), np.clip(interval.high, low, high))


def requantized(values: Interval, multipliers: Sequence[Multiplier], zero_point: int) -> Interval:
    """The values through `fixed_point.requantize`, the zero point added; one multiplier for all, or
    one each.

    Wherever the arithmetic would leave int32, the result spans int32.
    """
    mantissas = np.array([m.mantissa for m in multipliers], np.int64)
    shifts = np.array([m.shift for m in multipliers], np.int64)
    left = np.clip(shifts, 0, 31)
    bound = np.maximum(np.abs(values.low), np.abs(values.high))
    safe = (bound < 2**31) & ((np.minimum(bound, 2**31) << left) < 2**31) & (shifts <= 31)
    low, high = (
        np.where(safe, _twice_rounded(np.where(safe, v, 0) << left, mantissas, shifts), end)
        for v, end in zip((values.low, values.high), INT32, strict=True)
    )
    return Interval(low + zero_point, high + zero_point)


def _twice_rounded(
    values: NDArray[np.int64], mantissas: NDArray[np.int64], shifts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """gemmlowp's two roundings, as fixed_point has them; the left shift is done."""
    products = values * mantissas
    nudged = products + np.where(products >= 0, 2**30, 1 - 2**30)
    high = np.where(nudged >= 0, nudged >> 31, -(-nudged >> 31))
    right = np.clip(-shifts, 0, 31)
    rest = high & ((1 << right) - 1)
    threshold = (((1 << right) - 1) >> 1) + (high < 0)
    return np.asarray((high >> right) + (rest > threshold), np.int64)
