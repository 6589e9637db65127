"""What the Helium kernels' scaling can do, and how outputs share bytes of weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from edgepack.compiler.fixed_point import Multiplier

LANES = 16  # int8 in a vector


def shifts_right(multipliers: Iterable[Multiplier], signs: bool) -> bool:
    """Whether VQRDMULH and VRSHL give TFLite's bits.

    VRSHL rounds halves upwards; the sign added beforehand makes that away from zero, but for shifts
    by 0. Without `signs` the output is cut to [zero point, ...], where ties below do not show.
    """
    return all(m.mantissa == 0 or m.shift < 0 or (m.shift == 0 and not signs) for m in multipliers)


def stored(multiplier: Multiplier) -> tuple[int, int]:
    """Mantissa, and what VRSHL takes as its shift: minus the right shift."""
    return (multiplier.mantissa, multiplier.shift) if multiplier.mantissa else (0, -1)


def tied(tiles: NDArray[np.int8], bits: int) -> NDArray[np.int8]:
    """[block, step, outputs, 16]: 8 / bits outputs in a byte, the first in its lowest bits.

    A byte is the sum of its weights, each 2^bits times the one before: borrows go upwards.
    Raises OverflowError where one leaves int8, or does shifted to the left, less what falls off.
    """
    if bits == 8:
        return tiles
    together = 8 // bits
    blocks, steps, outputs, lanes = tiles.shape
    groups = tiles.reshape(blocks, steps, outputs // together, together, lanes).astype(np.int64)
    factors = 2 ** (bits * np.arange(together, dtype=np.int64))
    sums: NDArray[np.int64] = (groups * factors[:, None]).cumsum(axis=3)
    shifted = sums * factors[::-1, None]
    if shifted.size and not -128 <= shifted.min() <= shifted.max() <= 127:
        raise OverflowError
    return sums[:, :, :, -1].astype(np.int8)
