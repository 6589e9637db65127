"""Clustered weights as Grids whose integers are as few as the codebook's values.

A step a channel would spread a codebook of 16 values over as many integers as there are channels
and values. What batch norm multiplies a channel with goes into the step of that channel instead,
so that all channels share the codebook's integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.quantizing.floatnet import FloatNet
from edgepack.compress.quantizing.rules import Grid

Rows = NDArray[np.int64]
_NEAR = 1e-4  # of the largest weight: floats of a folded batch norm are that exact


def shared_integers(model: Any) -> tuple[Rows, ...]:
    """The integers of the clustered kernels of a Keras model, as rows [out, kh * kw * in]."""
    from edgepack.compress.pruning.clustering import integers_of
    from edgepack.compress.pruning.kernels import kernels_of

    def found() -> Iterator[Rows]:
        for kernel in kernels_of(model)[0]:
            whole = integers_of(kernel.variable)
            if whole is None:
                continue
            integers = whole[0]
            if kernel.rowed:
                yield kernel.rows(integers)
            else:
                apart = integers.reshape(*integers.shape[:-2], -1)
                yield np.moveaxis(apart, -1, 0).reshape(apart.shape[-1], -1)

    return tuple(found())


def with_shared_values(
    net: FloatNet, grids: Mapping[int, Grid], books: Sequence[Rows]
) -> dict[int, Grid]:
    """The `grids` of 8 bits, those of tensors that are multiples of `books` by these integers."""
    chosen = dict(grids)
    for weighted in net.weighted():
        data, grid = net.tensors[weighted.weights].data, chosen.get(weighted.weights)
        if data is None or grid is None or grid.bits != 8:
            continue
        channels = np.moveaxis(data, weighted.axis, 0)
        rows = channels.reshape(len(channels), -1).astype(np.float64)
        old = np.broadcast_to(grid.steps, len(rows))
        made = next((m for book in books if (m := _multiple(rows, book, old)) is not None), None)
        if made is not None:
            integers = np.moveaxis(made[0].reshape(channels.shape), 0, weighted.axis)
            chosen[weighted.weights] = replace(
                grid, integers=np.ascontiguousarray(integers.astype(np.int8)), steps=made[1]
            )
    return chosen


def _multiple(
    rows: NDArray[np.float64], book: Rows, least: NDArray[np.float64]
) -> tuple[Rows, NDArray[np.float64]] | None:
    """Integers and steps with rows = integers * steps; None where a row is no multiple of its own.

    Nor where a step would be smaller than the `least`, which leaves its bias room.
    """
    if rows.shape != book.shape:
        return None
    power = np.square(book).sum(1)
    factor = (rows * book).sum(1) / np.maximum(power, 1)
    rest = np.abs(rows - factor[:, None] * book).max(1)
    if (rest > _NEAR * np.abs(rows).max(1)).any():
        return None
    steps = np.where(factor == 0.0, least, np.abs(factor)).astype(np.float32).astype(np.float64)
    if (steps < least * (1.0 - 1e-5)).any():
        return None
    return np.sign(factor).astype(np.int64)[:, None] * book, steps
