"""From a sum to an int8 as a staircase: the exact steps, and short sequences proven on them.

Requantisation rises with the sum, so the least sum of every output level is all there is to
know: a sequence that also rises is exact where it agrees on both sides of every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.fixed_point import Multiplier

if TYPE_CHECKING:
    from numpy.typing import NDArray

LAST_SHIFT = 20
ROOM = 2**29  # that a sum and what is added to it must stay below
UNIT = 1 << 32
_FEW, _MANY = np.arange(64, dtype=np.int64), np.arange(1 << 14, dtype=np.int64)
_TURNS = (0, *(sign * 2**n for n in range(11) for sign in (1, -1)))


@dataclass(frozen=True, slots=True)
class Staircase:
    """The least sum that gives at least each of `levels`; sums lie in [-bound, bound]."""

    levels: NDArray[np.int64]  # low + 1 ... high of the activation's range
    steps: NDArray[np.int64]  # rising
    bound: int

    def sides(self) -> tuple[NDArray[np.int64], ...]:
        """Sums that must reach a level, those levels; sums that must not, those levels."""
        reached, missed = self.steps <= self.bound, self.steps > -self.bound
        return (
            np.maximum(self.steps[reached], -self.bound),
            self.levels[reached],
            np.minimum(self.steps[missed] - 1, self.bound),
            self.levels[missed],
        )


@dataclass(frozen=True, slots=True)
class HighWord:
    """((((sum + move) * factor) >> 32) + nudge) >> (factor & 31), to be clamped."""

    move: int  # to be folded into the bias
    factor: int  # uint32
    nudge: int  # int32


def scale_of(multiplier: Multiplier) -> float:
    """The real number that a multiplier stands for, exactly."""
    return float(np.ldexp(multiplier.mantissa, multiplier.shift - 31))


def staircase(
    multiplier: Multiplier, zero_point: int, limits: tuple[int, int], bound: int
) -> Staircase | None:
    """Of TFLite's two roundings (MultiplyByQuantizedMultiplier) and the fused activation.

    None where the scale is 0, at least 1 or below 2^-21, or the sums leave 30 bits.
    """
    shift = -multiplier.shift
    if multiplier.mantissa == 0 or not 0 <= shift <= LAST_SHIFT or bound >= ROOM:
        return None
    levels = np.arange(limits[0] + 1, limits[1] + 1, dtype=np.int64)
    wanted = levels - zero_point
    rounded = wanted << shift
    if shift:  # halves away from zero
        rounded = rounded - (1 << (shift - 1)) + (wanted <= 0)
    steps = -((2**30 - (rounded << 31)) // multiplier.mantissa)
    return Staircase(levels, steps, bound)


def high_word(stairs: Staircase, scale: float) -> HighWord | None:
    """The sequence of one multiplication that climbs these stairs, or None.

    The factor's low five bits are the shift, which a register shift reads there.
    """
    fraction, exponent = np.frexp(scale)
    shift = -int(exponent)
    if not 0 <= shift <= LAST_SHIFT:
        return None
    near = int(fraction * UNIT) & ~31 | shift
    for moves in (_FEW, _MANY):
        for turn in _TURNS:
            factor = near + 32 * turn
            found = _moved(stairs, factor, moves) if factor < UNIT else None
            if found is not None:
                return found
    return None


def _moved(stairs: Staircase, factor: int, moves: NDArray[np.int64]) -> HighWord | None:
    """With the least move for which a nudge gives nudge * 2^32 + move * factor in [least, end)."""
    shift = factor & 31
    at, high, before, low = stairs.sides()
    least = int(((high << (shift + 32)) - at * factor).max(initial=-(2**62)))
    end = int(((low << (shift + 32)) - before * factor).min(initial=2**62))
    nudges = -((moves * factor - least) // UNIT)
    good = np.flatnonzero(nudges * UNIT + moves * factor < end)
    if not good.size or abs(int(nudges[good[0]])) >= 2 * ROOM:
        return None
    return HighWord(int(moves[good[0]]), factor, int(nudges[good[0]]))
