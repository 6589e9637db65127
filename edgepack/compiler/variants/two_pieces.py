"""Requantisation without a long multiplication: the steps of ep_swar_s8.h."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants.staircase import Staircase, scale_of, staircase

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.fixed_point import Multiplier
    from edgepack.compiler.variants.layers import ConvLayer

FITTING = 255  # sum of magnitudes whose products with int8 add up to an int16
LIMIT = 1 << 19
PIECE = 13  # bits of the factor's lower part
SHIFT = 24
NUDGES = 1 << SHIFT
_TURNS = (0, *(sign * 2**n for n in range(9) for sign in (1, -1)))


@dataclass(frozen=True, slots=True)
class TwoPieces:
    """With t = clamp(sum + move, 0, limit), the level over the lowest is
    (t * (factor >> 13) + (t * (factor & 8191) >> 13) + nudge) >> 24.

    Signed: 1 << unit less than that sum where the sum is negative.
    """

    move: int
    factor: int
    nudge: int
    limit: int
    unit: int = 0


def two_pieces(stairs: Staircase, multiplier: Multiplier, *, signed: bool) -> TwoPieces | None:
    """The sequence that climbs these stairs, or None; the scale must be below 2^-5."""
    scale, unit = scale_of(multiplier), SHIFT + multiplier.shift
    reached = stairs.steps <= stairs.bound
    if scale >= 2.0 ** (32 - SHIFT - PIECE) or not reached.any() or unit < 0:
        return None
    steps, levels = stairs.steps[reached], stairs.levels[reached] - int(stairs.levels[0]) + 1
    move = (4 if signed else 1) - int(steps[0])  # room for the unit
    # beyond the limit the output is the range's end: not so where the last step is out of reach
    top = int(steps[-1]) if reached.all() else stairs.bound
    if top + move >= LIMIT or abs(move) >= LIMIT:
        return None
    sums = np.concatenate([steps, steps - 1, [top]])
    below = np.where(signed & (sums < 0), 1 << unit, 0)
    need = np.concatenate([levels, levels, [levels[-1] + 1]]) << SHIFT
    at = slice(0, len(steps))
    near = round(scale * 2.0 ** (SHIFT + PIECE))
    for turn in _TURNS:
        factor = near + turn
        gaps = need - _product(sums + move, factor) + below
        nudge = max(int(gaps[at].max()), int(below.max()))
        if nudge < min(int(gaps[len(steps) :].min()), NUDGES):
            return TwoPieces(move, factor, nudge, top + move, unit)
    return None


def layer_pieces(layer: ConvLayer, *, signed: bool) -> list[TwoPieces] | None:
    """A sequence a channel; None where a channel has none."""
    found = []
    for multiplier, bound in zip(layer.multipliers, layer.bounds.tolist(), strict=True):
        stairs = staircase(multiplier, layer.zero_out, (layer.low, layer.high), bound)
        pieces = None if stairs is None else two_pieces(stairs, multiplier, signed=signed)
        if pieces is None:
            return None
        found.append(pieces)
    return found


def _product(t: NDArray[np.int64], factor: int) -> NDArray[np.int64]:
    return t * (factor >> PIECE) + ((t * (factor % (1 << PIECE))) >> PIECE)
