"""Steps of weights and ranges of activations: by maximum, percentile or mean squared error.

Pure NumPy on values. Weights are symmetric: `restored = integers * step`, integers within
`-limit(bits)..limit(bits)`. Activations of 8 bits have a zero point, those of 16 have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgepack.errors import ModelError, UsageError

RangeMethod = Literal["max", "percentile", "mse"]
Array = NDArray[Any]
Doubles = NDArray[np.float64]

_LIMITS = {2: 1, 4: 7, 8: 127, 16: 32767}
_ACTIVATIONS = {8: (-128, 127), 16: (-32767, 32767)}
_FRACTIONS = np.linspace(0.04, 1.0, 97)  # of the maximum: steps that the search tries
_REFINEMENTS = 8
_EXPONENTS_TRIED = 8
_BINS = 2048
_ZEROS_APART = 8
_LEAST_SCALE = float(np.finfo(np.float32).tiny)
_CUTS = 1.0 - np.linspace(0.0, 0.75, 61)  # of either end of a range: what the search tries


def limit(bits: int) -> int:
    """The largest integer of a weight of `bits` (2 is ternary); the smallest is its negative."""
    if bits not in _LIMITS:
        raise UsageError(f"bits: {bits} is not known; known: {', '.join(map(str, _LIMITS))}")
    return _LIMITS[bits]


def weight_steps(
    weights: Array,
    axis: int | None,
    bits: int,
    method: RangeMethod = "max",
    *,
    percentile: float = 99.99,
    name: str = "weights",
) -> Doubles:
    """The step of each channel along `axis`, `[channels]`; of the tensor, `[1]`, without one.

    `mse` takes the step of the least squared error of the weights. A channel of zeros gets the
    largest step of the others. Raises ModelError where a weight is not finite.
    """
    rows = _rows(weights, axis, name)
    top = np.abs(rows).max(axis=1) / limit(bits)
    if method == "percentile":
        cut = np.percentile(np.abs(rows), percentile, axis=1) / limit(bits)
        return _living(np.where(cut > 0, cut, top))
    return _living(_least_error_steps(rows, top, bits) if method == "mse" else top)


def weight_exponents(
    weights: Array,
    axis: int | None,
    bits: int,
    method: RangeMethod = "max",
    *,
    percentile: float = 99.99,
    name: str = "weights",
) -> NDArray[np.int64]:
    """p of each channel (or `[1]`) in integers = round(weights * 2**p), saturating.

    `max` and `percentile` take the largest p that saturates nothing up to there; `mse` the p of
    the least squared error from there on.
    """
    if method != "mse":
        steps = weight_steps(weights, axis, bits, method, percentile=percentile, name=name)
        return _exponents(steps, bits)
    rows = _rows(weights, axis, name)
    first = _exponents(_living(np.abs(rows).max(axis=1) / limit(bits)), bits)
    tried = first[None] + np.arange(_EXPONENTS_TRIED)[:, None]
    costs = np.stack([squared_errors(rows, np.exp2(-p.astype(float)), bits) for p in tried])
    return np.asarray(first + np.argmin(costs, axis=0), np.int64)


def integers(weights: Array, steps: Array, axis: int | None, bits: int) -> NDArray[Any]:
    """The weights as integers, halves to even, saturating: int8, or int16 of 16 bits."""
    top = limit(bits)
    kind = np.int16 if bits == 16 else np.int8
    scaled = np.asarray(weights, np.float64) / _shaped(steps, weights.ndim, axis)
    return np.clip(np.rint(scaled), -top, top).astype(kind)


def restored(grid: Array, steps: Array, axis: int | None) -> NDArray[np.float32]:
    """What integers stand for, as float32."""
    return (np.asarray(grid, np.float64) * _shaped(steps, grid.ndim, axis)).astype(np.float32)


def squared_errors(rows: Array, steps: Array, bits: int) -> Doubles:
    """The summed squared error of each row of `[channels, n]` at its step."""
    column = steps[:, None]
    top = limit(bits)
    near = np.clip(np.rint(rows / column), -top, top) * column
    return np.asarray(np.square(rows - near).sum(axis=1), np.float64)


def by_channel(weights: Array, axis: int | None) -> Doubles:
    """The weights as rows, `[channels, n]`, or `[1, n]` without an axis."""
    wide = np.asarray(weights, np.float64)
    if axis is None:
        return wide.reshape(1, -1)
    return np.moveaxis(wide, axis, 0).reshape(wide.shape[axis], -1)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often values fall in equal bins from `low` to `high`; exact zeros are counted apart."""

    low: float
    high: float
    counts: NDArray[np.int64]  # [bins]
    zeros: int

    def __add__(self, other: Histogram) -> Histogram:
        """Both together; they must have the same bins."""
        if (self.low, self.high) != (other.low, other.high):
            raise ValueError("histograms of different ranges cannot be added")
        return Histogram(self.low, self.high, self.counts + other.counts, self.zeros + other.zeros)


def histogram(
    values: Array, low: float | None = None, high: float | None = None, name: str = "tensor"
) -> Histogram:
    """The histogram of `values` between `low` and `high`, which default to their extremes.

    Values outside count at the ends. Raises UsageError where there is none or one is not finite.
    """
    flat = np.asarray(values, np.float32).ravel()
    if flat.size == 0:
        raise UsageError(f"{name}: no values to take a range from; give more samples")
    least, most = float(flat.min()), float(flat.max())
    if not (np.isfinite(least) and np.isfinite(most)):
        raise UsageError(
            f"{name}: NaN or infinity appears in it on this data; look for broken samples "
            "or weights"
        )
    low = least if low is None else low
    high = most if high is None else high
    living = flat[flat != 0]
    wide = high - low
    scaled = (living.astype(np.float64) - low) * (_BINS / wide) if wide > 0 else living * 0.0
    bins = np.clip(scaled, 0, _BINS - 1).astype(np.int64)
    counts = np.bincount(bins, minlength=_BINS).astype(np.int64)
    return Histogram(low, high, counts, int(flat.size - living.size))


def activation_range(
    seen: Histogram, bits: int, method: RangeMethod = "max", *, percentile: float = 99.99
) -> tuple[float, float]:
    """The range to represent, zero within: low <= 0 <= high; of 16 bits low == -high.

    `percentile` cuts (100 - percentile) % off, half at either end. `mse` weighs clipping
    against rounding (step**2 / 12 a value that is not zero) over cuts of both ends.
    """
    low, high = min(seen.low, 0.0), max(seen.high, 0.0)
    if method == "percentile":
        low, high = _percentiles(seen, percentile)
    elif method == "mse":
        low, high = _least_error_range(seen, bits, low, high)
    if bits == 16:
        high = max(-low, high)
        low = -high
    return low, high


def affine(low: float, high: float, bits: int) -> tuple[float, int]:
    """Scale and zero point of the range: zero is exact; 16 bits have zero point 0.

    A range of nothing (a tensor that is always zero, or below float32's normal numbers) gets the
    scale 1 / 2**(bits - 1).
    """
    least, most = _levels(bits)
    if bits == 16:
        scale = max(-low, high) / most
        return (scale if scale >= _LEAST_SCALE else 2.0**-15), 0
    scale = (high - low) / (most - least)
    if not scale >= _LEAST_SCALE:
        return 2.0**-7, 0
    return scale, int(np.clip(np.rint(least - low / scale), least, most))


def activation_exponent(
    seen: Histogram, bits: int, method: RangeMethod = "max", *, percentile: float = 99.99
) -> tuple[int, int]:
    """p and the zero point of the scale 2**-p, which turns requantisation into a shift.

    The range's low end is the lowest level, so that a tensor after a ReLU uses all of them.
    `mse` weighs the exponents from the one that clips nothing on, and zero points.
    """
    cut = activation_range(seen, bits, method, percentile=percentile)
    first = _exponent_of(*cut, bits)
    if method != "mse":
        return first, _zero_point(*cut, first, bits)
    whole = activation_range(seen, bits)
    least, most = _levels(bits)
    others = range(least, most + 1, _ZEROS_APART) if bits == 8 else ()
    made = [
        (p, zero)
        for p in range(_exponent_of(*whole, bits), first + 2)
        for zero in (_zero_point(*whole, p, bits), _zero_point(*cut, p, bits), *others)
    ]
    return min(made, key=lambda each: _error(seen, _span(each[0], each[1], bits), bits))


def _exponent_of(low: float, high: float, bits: int) -> int:
    scale, _ = affine(low, high, bits)
    return int(np.floor(-np.log2(scale) + 1e-9))


def _zero_point(low: float, high: float, p: int, bits: int) -> int:
    """Zero of 16 bits; else the low end at the lowest level, what clips shared by both ends."""
    least, most = _levels(bits)
    if bits == 16:
        return 0
    clipped = max(0.0, (high - low) * 2.0**p - (most - least))
    share = -low / (high - low) if high > low else 0.0
    return int(np.clip(np.rint(least - low * 2.0**p - clipped * share), least, most))


def _span(p: int, zero: int, bits: int) -> tuple[float, float]:
    least, most = _levels(bits)
    return (least - zero) * 2.0**-p, (most - zero) * 2.0**-p


def _levels(bits: int) -> tuple[int, int]:
    if bits not in _ACTIVATIONS:
        raise UsageError(f"activations: {bits} bits are not known; known: 8, 16")
    return _ACTIVATIONS[bits]


def _least_error_range(seen: Histogram, bits: int, low: float, high: float) -> tuple[float, float]:
    lows = _CUTS * low if low < 0 else np.zeros(1)
    highs = _CUTS * high if high > 0 else np.zeros(1)
    if bits == 16:
        return min(_both_ends(low, high), key=lambda ends: _error(seen, ends, bits))
    centres, counts = _centres(seen)
    under = np.square(np.maximum(lows[:, None] - centres, 0.0)) @ counts
    over = np.square(np.maximum(centres - highs[:, None], 0.0)) @ counts
    below = (centres < lows[:, None]) @ counts
    above = (centres > highs[:, None]) @ counts
    least, most = _levels(bits)
    steps = (highs[None, :] - lows[:, None]) / (most - least)
    inside = counts.sum() - below[:, None] - above[None, :]
    cost = under[:, None] + over[None, :] + inside * steps**2 / 12.0
    i, j = np.unravel_index(int(np.argmin(cost)), cost.shape)
    return float(lows[i]), float(highs[j])


def _both_ends(low: float, high: float) -> Iterator[tuple[float, float]]:
    widest = max(-low, high)
    return ((-float(c) * widest, float(c) * widest) for c in _CUTS)


def _error(seen: Histogram, ends: tuple[float, float], bits: int) -> float:
    """The summed squared error of the values in the range: clipping, and rounding within."""
    centres, counts = _centres(seen)
    low, high = ends
    outside = centres - np.clip(centres, low, high)
    least, most = _levels(bits)
    step = (high - low) / (most - least)
    return float(np.square(outside) @ counts + counts[outside == 0].sum() * step**2 / 12.0)


def _centres(seen: Histogram) -> tuple[Array, Array]:
    width = (seen.high - seen.low) / len(seen.counts)
    full = np.flatnonzero(seen.counts)
    return seen.low + (full + 0.5) * width, seen.counts[full].astype(np.float64)


def _percentiles(seen: Histogram, percentile: float) -> tuple[float, float]:
    if not 50.0 < percentile <= 100.0:
        raise UsageError(f"percentile: {percentile} is out of range; the range is 50 to 100")
    counts = seen.counts.astype(np.float64)
    edges = np.linspace(seen.low, seen.high, len(counts) + 1)
    if seen.low <= 0.0 <= seen.high and seen.high > seen.low:
        counts[min(int(np.searchsorted(edges, 0.0, "right")) - 1, len(counts) - 1)] += seen.zeros
    below = np.concatenate([[0.0], np.cumsum(counts)]) / max(counts.sum(), 1.0)
    tail = (1.0 - percentile / 100.0) / 2.0
    low = edges[np.searchsorted(below, tail, "right") - 1]
    high = edges[min(int(np.searchsorted(below, 1.0 - tail, "left")), len(counts))]
    return min(float(low), 0.0), max(float(high), 0.0)


def _least_error_steps(rows: Doubles, top: Doubles, bits: int) -> Doubles:
    """A search over fractions of the maximum, then steps by least squares of the integers."""
    safe = np.where(top > 0, top, 1.0)
    costs = np.stack([squared_errors(rows, safe * f, bits) for f in _FRACTIONS])
    steps = safe * _FRACTIONS[np.argmin(costs, axis=0)]
    most = limit(bits)
    for _ in range(_REFINEMENTS):
        near = np.clip(np.rint(rows / steps[:, None]), -most, most)
        squares = np.square(near).sum(axis=1)
        fitted = (rows * near).sum(axis=1) / np.where(squares > 0, squares, 1.0)
        steps = np.where((squares > 0) & (fitted > 0), fitted, steps)
    return np.where(top > 0, steps, 0.0)


def _living(steps: Doubles) -> Doubles:
    """Zero steps replaced by the largest of the others, by 1 where all are zero."""
    largest = steps.max()
    return np.where(steps > 0, steps, largest if largest > 0 else 1.0)


def _exponents(steps: Doubles, bits: int) -> NDArray[np.int64]:
    """The largest p with max * 2**p below limit + 0.5, from max = step * limit."""
    top = limit(bits)
    return np.floor(np.log2((top + 0.499) / (steps * top))).astype(np.int64)


def _rows(weights: Array, axis: int | None, name: str) -> Doubles:
    rows = by_channel(weights, axis)
    if rows.size == 0 or not np.isfinite(rows).all():
        what = "no weights" if rows.size == 0 else "a weight that is NaN or infinite"
        raise ModelError(f"{name}: {what}, so no step; train or export the model again")
    return rows


def _shaped(steps: Array, rank: int, axis: int | None) -> Doubles:
    wide = np.asarray(steps, np.float64)
    if axis is None or wide.size == 1:
        return wide.reshape(())
    return wide.reshape([-1 if i == axis else 1 for i in range(rank)])
