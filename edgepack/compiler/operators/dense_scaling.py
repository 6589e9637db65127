"""LiteRT scales the sums of dense layers in double precision: the integers that give its bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.fixed_point import quantize_multiplier
from edgepack.compiler.operators.scaling import rescale_codes

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
