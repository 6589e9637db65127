"""Requantisation of 256 * sum in a few instructions: what its kernels' tables hold.

Short: (floor(256 * sum * factor / 2^32) + nudge) >> SHORT_SHIFT, saturated, where that climbs the
same steps as TFLite's two roundings; twice: both roundings, from the multiplier itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants.staircase import Staircase, scale_of, staircase
from edgepack.program import Const

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgepack.compiler.fixed_point import Multiplier
    from edgepack.compiler.variants.layers import ConvLayer, DenseLayer

BIAS_BYTES = 4
LAST_SHIFT = 16  # the largest right shift whose rounding constants leave room for the sum
SHORT_SHIFT = 12  # of the saturating instruction, and so the same for all channels
SUM_BOUND = 2**23  # 256 of them fit 32 bits
NUDGE_BOUND = 2**23  # of a nudge: 24 bits
_FACTOR_SHIFT = 32 - 8 + SHORT_SHIFT
_TURNS = np.array([0, *(sign * 2**n for n in range(10) for sign in (1, -1))], np.int64)


def shift_of(multiplier: Multiplier) -> int | None:
    """The right shift, or None where the two roundings do not hold in one shift."""
    shift = 1 if multiplier.mantissa == 0 else -multiplier.shift
    return shift if 1 <= shift <= LAST_SHIFT else None


def requantisation(
    multipliers: Sequence[Multiplier],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Mantissas and right shifts, of multipliers that all have one."""
    shifts = [shift for m in multipliers if (shift := shift_of(m)) is not None]
    assert len(shifts) == len(multipliers)
    return np.array([m.mantissa for m in multipliers], np.int64), np.array(shifts, np.int64)


def added_twice(zero_out: int, shifts: NDArray[np.int64]) -> NDArray[np.int64]:
    """What both roundings and the zero point add to 256 * sum * mantissa / 2^32."""
    return 64 + ((2 * zero_out + 1) << (shifts + 6))


def short_steps(layer: ConvLayer, gain: int = 0) -> NDArray[np.int64] | None:
    """[out, 2]: a factor and a nudge of each channel; None where a channel has none.

    gain: sums come 2^gain times as large, which multipliers above 2^-5 need.
    """
    found = []
    limits = (layer.low, layer.high)
    for multiplier, bound in zip(layer.multipliers, layer.bounds.tolist(), strict=True):
        stairs = staircase(multiplier, layer.zero_out, limits, bound)
        pair = None if stairs is None else _short(stairs, scale_of(multiplier), gain)
        if pair is None:
            return None
        found.append(pair)
    return np.array(found, np.int64).reshape(-1, 2)


def _short(stairs: Staircase, scale: float, gain: int) -> tuple[int, int] | None:
    """The factor next to the scale's for which a nudge climbs the stairs: its middle one."""
    near = round(scale * 2.0 ** (_FACTOR_SHIFT - gain))
    if not near or near + int(_TURNS.max()) >= 2**31 or stairs.bound << gain >= SUM_BOUND:
        return None
    at, high, before, low = stairs.sides()
    factors = near + _TURNS[:, None]
    least = ((high << SHORT_SHIFT) - ((at * factors) >> (24 - gain))).max(
        axis=1, initial=-NUDGE_BOUND
    )
    end = ((low << SHORT_SHIFT) - ((before * factors) >> (24 - gain))).min(
        axis=1, initial=NUDGE_BOUND
    )
    good = np.flatnonzero((least < end) & (factors[:, 0] > 0))
    if not good.size:
        return None
    nudge = (int(least[good[0]]) + int(end[good[0]]) - 1) // 2
    return int(factors[good[0], 0]), nudge


def stream_const(
    stem: str, words: NDArray[np.uint32], layer: ConvLayer | DenseLayer, bits: int = 8
) -> Const:
    """Weights of so many bits, biases and scales in the order a kernel reads them; the first two
    are weights.
    """
    weights = -(-layer.weights.size * bits // 8) + BIAS_BYTES * len(layer.weights)
    data = words.tobytes()
    return Const(stem, "uint32_t", data, "weights", tables=max(0, len(data) - weights))
