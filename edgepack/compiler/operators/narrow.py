"""Weights of int8 kernels that are stored otherwise: four bits each, or around a zero point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.operators import scaling
from edgepack.graph import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray


def suffix_of(weights: Tensor) -> str:
    """The kernels' suffix for these weights."""
    if weights.zero_point != 0:
        return "u8"
    return "s4" if weights.dtype.name == "INT4" else "s8"


def centred(weights: Tensor) -> NDArray[np.int64]:
    """The weights less their zero point, in their shape."""
    return weights.array().astype(np.int64) - weights.zero_point


def stream(weights: Tensor, rows: NDArray[np.generic]) -> NDArray[np.int8]:
    """The centred rows of one group, [outputs, depth], as ep_columns of their suffix takes them."""
    suffix = suffix_of(weights)
    stored = (rows + weights.zero_point).astype(np.int8)
    if suffix == "s4":
        return _packed_rows(stored)
    flat = scaling.interleave(stored).astype(np.int8)
    return np.append(np.int8(weights.zero_point), flat) if suffix == "u8" else flat


def _packed_rows(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    outputs, _ = rows.shape
    whole = outputs - outputs % 4
    parts = [_packed(scaling.interleave(rows[:whole]))] if whole else []
    parts += [_packed(row) for row in rows[whole:]]
    return np.concatenate(parts)


def _packed(values: NDArray[np.generic]) -> NDArray[np.int8]:
    """Two to a byte, the first in the low half."""
    halves = values.astype(np.int8).view(np.uint8) & 15
    halves = np.append(halves, np.zeros(halves.size % 2, np.uint8))
    return (halves[::2] | halves[1::2] << 4).astype(np.uint8).view(np.int8)
