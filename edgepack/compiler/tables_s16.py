"""Tables of TFLite's activations on int16, whose kernels draw lines between the entries."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from edgepack.compiler.tables import rounded

STEPS = 512
SIGMOIDS = 256
RANGE = 65535  # from the least int16 to the greatest


@cache
def sigmoid_table() -> NDArray[np.uint16]:
    """[256]: 1 / (1 + exp(-i / 24)) in Q0.16, the last entry the greatest of all.

    An entry is raised by half the error that the line to the next one has in its middle.
    """

    def at(place: float) -> float:
        return 65536 / (1 + math.exp(-place / 24))

    values = [
        rounded(at(i) + (at(i + 0.5) - (at(i) + at(i + 1)) / 2) / 2) for i in range(SIGMOIDS - 1)
    ]
    return np.array([*values, 65535], np.uint16)


@cache
def softmax_exponentials() -> NDArray[np.int16]:
    """[513]: exp from -10 to 0, Q0.15."""
    return _table(10.0 / RANGE, 32767, math.exp)


@cache
def softmax_inverses() -> NDArray[np.int16]:
    """[513]: 1 / (1 + x) for x from 0 to 1, Q0.15."""
    return _table(1.0 / RANGE, -32768, lambda x: 1.0 / (1.0 + x))


def _table(scale: float, zero_point: int, function: Callable[[float], float]) -> NDArray[np.int16]:
    """TFLite's LUTPopulateInt16 in double precision, with outputs of -1 to 1.

    An entry is lowered by half the error that the line to the next one has in its middle.
    """
    low, high = scale * (-32768 - zero_point), scale * (32767 - zero_point)
    step = (high - low) / STEPS
    gain = 65536 / (2.0 / RANGE * 32767 - 2.0 / RANGE * -32768)
    entries = []
    for i in range(STEPS):
        here = rounded(function(low + i * step) * gain)
        following = function(low + (i + 1) * step) * gain
        line = rounded((following + here) / 2)
        middle = rounded(function(low + i * step + step / 2) * gain)
        entries.append(here - rounded((line - middle) / 2))
    entries.append(rounded(function(high) * gain))
    return np.clip(entries, -32768, 32767).astype(np.int16)
