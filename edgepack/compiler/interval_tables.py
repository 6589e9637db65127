"""The int8 operators of one operand as tables, for the analysis of intervals."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler import tables
from edgepack.graph import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CLAMPS = {"RELU": (0.0, math.inf), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0)}


@lru_cache(maxsize=256)
def table_of(kind: str, alpha: float, x: Tensor, y: Tensor) -> NDArray[np.int64]:
    """[256]: what the operator makes of -128, -127, ... 127; `alpha` is LEAKY_RELU's slope."""
    made = _bytes(kind, alpha, x, y).view(np.int8).astype(np.int64)
    values: NDArray[np.int64] = np.roll(made, 128)
    values.flags.writeable = False
    return values


def _bytes(kind: str, alpha: float, x: Tensor, y: Tensor) -> NDArray[np.uint8]:
    if kind in _CLAMPS:
        return tables.relu_table(x, y, *_CLAMPS[kind])
    if kind == "LEAKY_RELU":
        return tables.leaky_relu_table(x, y, alpha)
    if kind == "HARD_SWISH":
        return tables.hard_swish_table(x, y)
    if kind == "QUANTIZE":
        return tables.requantize_table(x, y)
    return tables.real_table(x, y, tables.logistic if kind == "LOGISTIC" else tables.tanh)
