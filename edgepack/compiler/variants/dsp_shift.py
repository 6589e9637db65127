"""Requantisation by one shift, where multipliers are powers of two.

With a multiplier of 2^-(n + 1), TFLite's first rounding is floor((sum + 1) / 2); its second one
adds 2^(n - 1), less 1 below zero, before it shifts by n. Nested floors are one:
floor((sum + 1 + 2^n - 2 * (sum < 0)) / 2^(n + 1)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants.staircase import staircase

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.fixed_point import Multiplier
    from edgepack.compiler.variants.layers import ConvLayer

HALF = 2**30  # the mantissa of a power of two
SHIFTED = 18  # of ep_plane.S: the right shift of enlarged sums
VALUE_BITS = 8  # that values are larger by
SHIFTS = range(1, SHIFTED - VALUE_BITS)  # second ones, whose weights fit 16 bits


def shift_of(multiplier: Multiplier) -> int | None:
    """The n of 2^-(n + 1), or None where a multiplier is no such number."""
    return -multiplier.shift if multiplier.mantissa == HALF else None


def added(zero_out: int, shifts: NDArray[np.int64]) -> NDArray[np.int64]:
    """What rounding and the zero point add to sums that are not below zero."""
    return ((2 * zero_out + 1) << shifts) + 1


def shifts_of(layer: ConvLayer, *, signed: bool) -> NDArray[np.int64] | None:
    """[out]: the n of each multiplier; None where one is no power of two, or leaves 32 bits."""
    found = [shift_of(m) for m in layer.multipliers]
    if not all(shift in SHIFTS for shift in found):
        return None
    shifts = np.array(found, np.int64)
    sums = layer.bounds + np.abs(added(layer.zero_out, shifts))
    if ((sums << gains(shifts) + VALUE_BITS) >= 2**31).any():
        return None
    agree = [_agrees(layer, channel, shift, signed=signed) for channel, shift in enumerate(shifts)]
    return shifts if all(agree) else None


def gains(shifts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bits by which weights are enlarged."""
    return SHIFTED - VALUE_BITS - 1 - shifts


def _agrees(layer: ConvLayer, channel: int, shift: np.int64, *, signed: bool) -> bool:
    """Whether the shift climbs TFLite's steps: proven on both sides of each."""
    limits = (layer.low, layer.high)
    bound = int(layer.bounds[channel])
    stairs = staircase(layer.multipliers[channel], layer.zero_out, limits, bound)
    if stairs is None:
        return False
    at, high, before, low = stairs.sides()
    more = added(layer.zero_out, np.array(shift))

    def shifted(sums: NDArray[np.int64]) -> NDArray[np.int64]:
        result: NDArray[np.int64] = (sums + more - 2 * (signed & (sums < 0))) >> (shift + 1)
        return result

    return bool((shifted(at) >= high).all() and (shifted(before) < low).all())


def channel_words(
    layer: ConvLayer, shifts: NDArray[np.int64], taps: tuple[int, ...]
) -> NDArray[np.uint32]:
    """[channels, 4]: see ep_plane_rows_shift."""
    small = np.zeros((len(layer.weights), 12), np.int8)
    small[:, :9] = layer.weights[:, taps]
    small[:, 10:] = (1 << gains(shifts)).astype("<i2").reshape(-1, 1).view(np.int8)
    starts = (layer.bias + added(layer.zero_out, shifts)) << gains(shifts) + VALUE_BITS
    return np.concatenate([small.view("<u4"), starts.astype("<i4").view("<u4").reshape(-1, 1)], 1)
