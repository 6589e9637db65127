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
        return packed_rows(stored, 4)
    flat = scaling.interleave(stored).astype(np.int8)
    return np.append(np.int8(weights.zero_point), flat) if suffix == "u8" else flat


def packed_rows(rows: NDArray[np.int8], bits: int) -> NDArray[np.int8]:
    """[outputs, depth] as ep_columns_s4 or ep_columns_s2 takes it."""
    outputs, _ = rows.shape
    whole = outputs - outputs % 4
    parts = [_packed(scaling.interleave(rows[:whole]), bits)] if whole else []
    parts += [_packed(row, bits) for row in rows[whole:]]
    return np.concatenate(parts)


def _packed(values: NDArray[np.generic], bits: int) -> NDArray[np.int8]:
    """8 / bits to a byte, the first in its lowest bits."""
    together = 8 // bits
    fields = values.astype(np.int8).view(np.uint8) & (2**bits - 1)
    fields = np.append(fields, np.zeros(-fields.size % together, np.uint8))
    shifts = bits * np.arange(together, dtype=np.uint8)
    sums = (fields.reshape(-1, together) << shifts).sum(axis=1)
    packed: NDArray[np.int8] = sums.astype(np.uint8).view(np.int8)
    return packed
