"""Which weights become zero: the least important, singly, in blocks, or N of M in a row.

A row is what the .tflite keeps contiguous: one output channel's weights, [kh, kw, in] flattened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.tuning.spec import WeightsSpec

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Units:
    """What is zeroed together: importances [n], and which weights a choice [n] of them covers."""

    scores: NDArray[np.float64]
    cover: Callable[[NDArray[np.bool_]], NDArray[np.bool_]]


def rows_of(kernel: Array, transposed: bool = False) -> Array:
    """A Keras kernel [..., in, out] as rows [out, ...]; `transposed` ones are [..., out, in]."""
    first = np.moveaxis(kernel, -2 if transposed else -1, 0)
    return np.asarray(first.reshape(len(first), -1))


def from_rows(rows: Array, shape: tuple[int, ...], transposed: bool = False) -> Array:
    """The inverse of `rows_of` for a kernel of this shape."""
    axis = -2 if transposed else -1
    first = np.moveaxis(np.empty(shape, np.uint8), axis, 0).shape
    return np.asarray(np.moveaxis(rows.reshape(first), 0, axis))


def units_of(scores: Array, spec: WeightsSpec) -> Units:
    """The units of a kernel's importances [rows, K] under the spec's pattern."""
    if spec.n_of_m is not None:
        return _n_of_m(scores, *spec.n_of_m)
    if spec.block is not None:
        return _blocks(scores, *spec.block)
    return Units(np.asarray(scores, np.float64).ravel(), lambda gone: gone.reshape(scores.shape))


def fraction_of(spec: WeightsSpec) -> float:
    """The fraction of the units that goes in the end: of N:M's, which are candidates, all."""
    return spec.rate if spec.n_of_m is None else 1.0


def removed(every: Sequence[Units], spec: WeightsSpec, fraction: float) -> list[NDArray[np.bool_]]:
    """The weights to zero, for each kernel, so that `fraction` of the units is gone."""
    if spec.ranking == "layer":
        return [units.cover(_least(units.scores, fraction)) for units in every]
    together = _least(np.concatenate([units.scores for units in every]), fraction)
    parts = np.split(together, np.cumsum([len(units.scores) for units in every])[:-1])
    return [units.cover(part) for units, part in zip(every, parts, strict=True)]


def _least(scores: Array, fraction: float) -> NDArray[np.bool_]:
    gone = np.zeros(len(scores), np.bool_)
    gone[np.argsort(scores, kind="stable")[: round(fraction * len(scores))]] = True
    return gone


def _blocks(scores: Array, height: int, width: int) -> Units:
    """Blocks of `height` rows and `width` weights; those at the edges are smaller."""
    rows, length = scores.shape
    down, along = -(-rows // height), -(-length // width)

    def tiled(values: Array) -> Array:
        padded = np.zeros((down * height, along * width))
        padded[:rows, :length] = values
        return np.asarray(padded.reshape(down, height, along, width).sum((1, 3)))

    mean = tiled(scores) / tiled(np.ones_like(scores))

    def cover(gone: NDArray[np.bool_]) -> NDArray[np.bool_]:
        whole = np.repeat(np.repeat(gone.reshape(down, along), height, 0), width, 1)
        return np.asarray(whole[:rows, :length])

    return Units(mean.ravel(), cover)


def _n_of_m(scores: Array, n: int, m: int) -> Units:
    """The m - n least of every m along a row; a shorter end counts as filled up with zeros."""
    rows, length = scores.shape
    groups = -(-length // m)
    padded = np.full((rows, groups * m), -np.inf)
    padded[:, :length] = scores
    inside = np.arange(groups * m) < length
    order = np.argsort(padded.reshape(rows, groups, m), -1, kind="stable")
    least = np.zeros((rows, groups, m), np.bool_)
    np.put_along_axis(least, order[..., : m - n], True, -1)
    candidates = np.flatnonzero(least.reshape(rows, -1) & inside)

    def cover(gone: NDArray[np.bool_]) -> NDArray[np.bool_]:
        whole = np.zeros(rows * groups * m, np.bool_)
        whole[candidates[gone]] = True
        return whole.reshape(rows, -1)[:, :length]

    return Units(padded.ravel()[candidates], cover)
