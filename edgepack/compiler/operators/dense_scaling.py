"""LiteRT scales the sums of dense layers in double precision: the integers that give its bits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.fixed_point import quantize_multiplier
from edgepack.compiler.operators.scaling import rescale_codes
from edgepack.program import Const

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEVER = 2**31 - 1  # a step that no sum reaches
LEVELS = np.arange(-127, 128, dtype=np.int64)
_TRIES = (0, 1, -1, 2, -2, 3, -3)


def steps_of(real: float, zero_point: int, bound: int) -> NDArray[np.int64]:
    """[255]: the least sum that gives at least -127, -126, ... 127.

    An output is the zero point + sum * real in double precision, rounded to the nearest, halves
    away from zero. Sums lie in [-bound, bound]; a step beyond is -bound or NEVER.
    """
    wanted = LEVELS - zero_point
    edge = wanted - 0.5
    near = np.clip(np.floor(edge / real), -bound - 4, bound + 4).astype(np.int64)
    tries = near[:, None] + np.arange(-3, 5)
    products = tries * real
    reached = np.where((wanted > 0)[:, None], products >= edge[:, None], products > edge[:, None])
    steps = tries[np.arange(len(wanted)), reached.argmax(axis=1)]
    steps = np.where(reached.any(axis=1) & (steps <= bound), steps, NEVER)
    return np.maximum(steps, -bound)


def matching_rescale(real: float, zero_point: int, bound: int) -> tuple[int, int] | None:
    """The mantissa and code of ep_rescale_once that give the same output for every sum.

    None where no mantissa near the scale's does: a sum then lies nearer to a tie than 31 bits
    tell, and the ties' signs differ.
    """
    multiplier = quantize_multiplier(real)
    code = int(rescale_codes([multiplier], np.array([bound], np.int64), once=True)[0])
    steps = steps_of(real, zero_point, bound)
    inside = (steps > -bound) & (steps < NEVER)
    for change in _TRIES:
        mantissa = multiplier.mantissa + change
        if not 0 <= mantissa < 2**31:
            continue
        at = _rescaled(steps[inside], mantissa, code, zero_point)
        before = _rescaled(steps[inside] - 1, mantissa, code, zero_point)
        ends = _rescaled(np.array([-bound, bound]), mantissa, code, zero_point)
        levels = LEVELS[inside]
        if (at >= levels).all() and (before < levels).all() and _ends_fit(ends, steps, bound):
            return mantissa, code
    return None


def _ends_fit(ends: NDArray[np.int64], steps: NDArray[np.int64], bound: int) -> bool:
    expected = [-128 + int((steps <= end).sum()) for end in (-bound, bound)]
    return bool((np.clip(ends, -128, 127) == expected).all())


def _rescaled(
    sums: NDArray[np.int64], mantissa: int, code: int, zero_point: int
) -> NDArray[np.int64]:
    """ep_rescale_once on many sums."""
    products = sums * mantissa
    if code < 0:
        total = -code
        return ((products + (1 << (total - 1))) >> total) + zero_point
    term = (2 * zero_point + 1) << code
    return ((products >> 30) + term) >> (code + 1)


WIDE_BITS = 36  # of a sum of int16 products: the split mantissa then holds a double's 53 bits
DOUBLE_BITS = 53  # of a sum that a double holds


def wide_split(bound: int) -> tuple[int, int]:
    """Bits of the low and of the high word of a mantissa that sums up to `bound` may meet."""
    bits = bound.bit_length()
    return min(31, 63 - bits), min(31, 62 - bits)


def matching_wide(real: float, bound: int, split: int, high_bits: int) -> tuple[int, int] | None:
    """The mantissa and shift with which ep_dense_s16 gives round(sum * real) for every sum.

    The product is rounded to double precision, then halves go away from zero. Every step of an
    int16 is checked; None where no mantissa near the scale's takes all of them.
    """
    fraction, exponent = math.frexp(real)
    bits = split + high_bits
    shift = high_bits - exponent
    surplus = max(0, shift - 62)  # a scale so small that every output is 0 or 1
    wanted = round(fraction * 2**53)
    mantissa = wanted << (bits - 53) if bits >= 53 else wanted >> (53 - bits)
    mantissa, shift = mantissa >> surplus, shift - surplus
    if shift < 1:
        return None
    steps = _wide_steps(real, bound)
    for change in _TRIES:
        if 0 <= mantissa + change < 1 << bits and _fits(steps, mantissa + change, split, shift):
            return mantissa + change, shift
    return None


def double_tables(reals: Sequence[float]) -> tuple[Const, Const, Const]:
    """High words, low words and shifts with which ep_double_scale multiplies by these scales."""
    parts = [math.frexp(real) for real in reals]
    mantissas = np.array([int(fraction * 2**53) for fraction, _ in parts], np.int64)
    shifts = np.array([min(max(53 - exponent, 0), 127) for _, exponent in parts], np.int8)
    return (
        Const("highs", "uint32_t", (mantissas >> 32).astype("<u4").tobytes(), "tables"),
        Const("lows", "uint32_t", (mantissas & 0xFFFFFFFF).astype("<u4").tobytes(), "tables"),
        Const("shifts", "int8_t", shifts.tobytes(), "tables"),
    )


def _wide_steps(real: float, bound: int) -> NDArray[np.int64]:
    """The least sums that give at least 1, 2, ... 2^15, as far as `bound` reaches."""
    edges = np.arange(2**15) + 0.5
    edges = edges[edges <= bound * real * 1.01 + 1.0]
    near = np.floor(edges / real)
    near = np.minimum(near, bound + 2.0).astype(np.int64)
    tries = np.maximum(near[:, None] + np.arange(-1, 4), 0)
    reached = tries * real >= edges[:, None]
    steps: NDArray[np.int64] = tries[np.arange(len(edges)), reached.argmax(axis=1)]
    return np.where(reached.any(axis=1) & (steps <= bound), steps, -1)


def _fits(steps: NDArray[np.int64], mantissa: int, split: int, shift: int) -> bool:
    levels = np.arange(1, len(steps) + 1)[steps >= 0]
    at = steps[steps >= 0]
    below = np.maximum(at - 1, 0)
    reached = _wide_scaled(at, mantissa, split, shift) >= levels
    return bool((reached & (_wide_scaled(below, mantissa, split, shift) < levels)).all())


def _wide_scaled(
    sizes: NDArray[np.int64], mantissa: int, split: int, shift: int
) -> NDArray[np.int64]:
    """ep_dense_s16 on many magnitudes of sums."""
    high, low = mantissa >> split, mantissa & ((1 << split) - 1)
    product = sizes * high + ((sizes * low) >> split)
    return (product + (1 << (shift - 1))) >> shift
