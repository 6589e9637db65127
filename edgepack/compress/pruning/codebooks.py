"""Codebooks: the few values that stand for many with the least squared error.

On a line the best clusters are runs of the sorted values, so that the exact answer is a shortest
path: dynamic programming over the ends of the runs (Wang and Song: Ckmeans.1d.dp).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_EXACT = 1024  # values; more are drawn together into as many, and the result is refined
_ROUNDS = 20
TOP = 127  # of int8, symmetric


def codebook(values: Array, entries: int, weights: Array | None = None) -> Array:
    """At most `entries` values, rising, that lie nearest to `values` by their weights.

    Exact for up to 1,024 different values, else by Lloyd's rounds from the exact codebook of
    1,024 runs of equal length.
    """
    flat = np.asarray(values, np.float64).ravel()
    mass = np.ones(flat.size) if weights is None else np.asarray(weights, np.float64).ravel()
    unique, place = np.unique(flat, return_inverse=True)
    share = np.bincount(place, mass, unique.size)
    if unique.size <= entries:
        return unique
    if unique.size <= _EXACT:
        return _exact(unique, share, entries)
    runs = np.arange(unique.size) * _EXACT // unique.size
    drawn = np.bincount(runs, share)
    means = np.bincount(runs, unique * share) / np.maximum(drawn, 1e-300)
    return _refined(unique, share, _exact(means, drawn, entries))


def assigned(values: Array, entries: Array) -> NDArray[np.intp]:
    """The number of the nearest entry, of rising `entries`, for each value."""
    return np.searchsorted((entries[1:] + entries[:-1]) / 2.0, values)


def on_grid(entries: Array, step: float) -> NDArray[np.int64]:
    """Each entry as a multiple of `step`, from -127 to 127."""
    if step == 0.0:
        return np.zeros(np.shape(entries), np.int64)
    return np.asarray(np.clip(np.rint(np.nan_to_num(entries) / step), -TOP, TOP), np.int64)


def step_of(entries: Array) -> float:
    """The step that gives the largest entry the integer 127."""
    return float(np.nanmax(np.abs(entries), initial=0.0) / TOP)


def _exact(values: Array, mass: Array, entries: int) -> Array:
    """Means of the runs of the sorted `values` that make the least error."""
    n = len(values)
    sums = [np.concatenate([[0.0], np.cumsum(mass * values**power)]) for power in (0, 1, 2)]
    first, last = np.arange(n)[:, None], np.arange(1, n + 1)[None, :]
    weight, linear, square = (s[last] - s[first] for s in sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = square - linear * linear / weight
    error[(last <= first) | ~np.isfinite(error)] = np.inf
    error[np.arange(n), np.arange(n)] = 0.0
    best = error[0]
    starts: list[Array] = []
    for _ in range(entries - 1):
        through = np.concatenate([[np.inf], best[:-1]])[:, None] + error
        starts.append(through.argmin(0))
        best = through.min(0)
    cuts = [n]
    for start in reversed(starts):
        cuts.append(int(start[cuts[-1] - 1]))
    ends = [0, *reversed(cuts)]
    runs = [(a, b) for a, b in pairwise(ends) if b > a]
    return np.array([(sums[1][b] - sums[1][a]) / (sums[0][b] - sums[0][a]) for a, b in runs])


def _refined(values: Array, mass: Array, entries: Array) -> Array:
    """Lloyd's rounds: each entry becomes the mean of what lies nearest to it."""
    for _ in range(_ROUNDS):
        ids = assigned(values, entries)
        weight = np.bincount(ids, mass, len(entries))
        moved = np.where(
            weight > 0,
            np.bincount(ids, mass * values, len(entries)) / np.maximum(weight, 1e-300),
            entries,
        )
        if np.array_equal(moved, entries):
            break
        entries = moved
    return entries
