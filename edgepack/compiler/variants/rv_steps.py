"""How the kernels of RV32IM get from sums to outputs: the tables of ep_quad_s8.h."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants.staircase import (
    LAST_SHIFT,
    ROOM,
    UNIT,
    Staircase,
    high_word,
    scale_of,
    staircase,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.fixed_point import Multiplier
    from edgepack.compiler.variants.layers import ConvLayer


@dataclass(frozen=True, slots=True)
class Steps:
    """What takes every channel from its sum to its output."""

    signed: bool
    moves: NDArray[np.int64]  # [out], to be added to the bias
    table: NDArray[np.uint32]  # [out, 2]: factor, nudge; signed [out, 3]: factor, nudge, shift


def conv_steps(layer: ConvLayer) -> Steps | None:
    """The shorter way where every channel climbs its stairs by it, else the signed one, or None."""
    limits, bounds = (layer.low, layer.high), layer.bounds.tolist()
    stairs = [
        staircase(multiplier, layer.zero_out, limits, bound)
        for multiplier, bound in zip(layer.multipliers, bounds, strict=True)
    ]
    found = plain_steps(stairs, [scale_of(m) for m in layer.multipliers])
    return found or signed_steps(layer.multipliers, layer.zero_out, int(layer.bounds.max()))


def plain_steps(stairs: Sequence[Staircase | None], scales: Sequence[float]) -> Steps | None:
    """One multiplication and one shift an output; None where some channel's stairs need more."""
    words = []
    for one, scale in zip(stairs, scales, strict=True):
        word = None if one is None else high_word(one, scale)
        if word is None:
            return None
        words.append(word)
    table = np.array([(w.factor, w.nudge % UNIT) for w in words], np.uint32)
    return Steps(False, np.array([w.move for w in words], np.int64), table)


def signed_steps(multipliers: Sequence[Multiplier], zero_out: int, bound: int) -> Steps | None:
    """ep_rescale as it is: exact for right shifts from 1 on."""
    shifts = [-m.shift for m in multipliers]
    if bound >= ROOM or not all(1 <= s <= LAST_SHIFT for s in shifts):
        return None
    if any(m.mantissa == 0 for m in multipliers):
        return None
    rows = [
        (m.mantissa, (1 + ((2 * zero_out + 1) << shift)) % UNIT, shift + 1)
        for m, shift in zip(multipliers, shifts, strict=True)
    ]
    return Steps(True, np.zeros(len(rows), np.int64), np.array(rows, np.uint32))
