"""Weights of which whole blocks of four are zero: where the others lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 4  # weights, side by side along the depth
FARTHEST = 255  # blocks that may lie between two that are kept


@dataclass(frozen=True, slots=True)
class Row:
    """The blocks of an output that are kept; at least one."""

    weights: NDArray[np.int8]  # [n, BLOCK]
    gaps: NDArray[np.uint8]  # [n]: blocks left out before each


def share(weights: NDArray[np.int8]) -> float:
    """Of the blocks of rows [out, depth], those that are zero."""
    return float(1 - _padded(weights).any(axis=2).mean())


def rows_of(weights: NDArray[np.int8], depth: int | None = None) -> list[Row]:
    """Each output's blocks; the last one of a depth that is no multiple of 4 has zeros at its end.

    depth: of the blocks that are looked at; the whole, where it is not given.
    """
    return [_row(blocks) for blocks in _padded(weights[:, :depth])]


def _padded(weights: NDArray[np.int8]) -> NDArray[np.int8]:
    outputs, depth = weights.shape
    padded = np.zeros((outputs, -(-depth // BLOCK) * BLOCK), np.int8)
    padded[:, :depth] = weights
    return padded.reshape(outputs, -1, BLOCK)


def _row(blocks: NDArray[np.int8]) -> Row:
    kept = reachable(np.flatnonzero(blocks.any(axis=1)))
    return Row(blocks[kept], gaps(kept))


def reachable(places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Rising places, and those on the way where more than FARTHEST lie between two; 0 for none."""
    found, last = [], -1
    for place in places.tolist():
        while place - last - 1 > FARTHEST:
            last += FARTHEST + 1
            found.append(last)
        found.append(place)
        last = place
    return np.array(found or [0], np.intp)


def gaps(places: NDArray[np.intp]) -> NDArray[np.uint8]:
    """[n]: how many lie between each place and the one before it."""
    return (np.diff(places, prepend=-1) - 1).astype(np.uint8)
