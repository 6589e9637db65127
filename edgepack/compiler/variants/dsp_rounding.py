"""Requantisation in a multiplication and a shift: what its kernels' tables hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.program import Const

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgepack.compiler.fixed_point import Multiplier
    from edgepack.compiler.variants.layers import ConvLayer, DenseLayer

BIAS_BYTES = 4
LAST_SHIFT = 15  # the largest right shift whose rounding constants fit 32 bits


def shift_of(multiplier: Multiplier) -> int | None:
    """The right shift, or None where the two-instruction requantisation does not hold."""
    shift = 1 if multiplier.mantissa == 0 else -multiplier.shift
    return shift if 1 <= shift <= LAST_SHIFT else None


def requantisation(
    multipliers: Sequence[Multiplier],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Mantissas and right shifts, of multipliers that all have one."""
    shifts = [shift for m in multipliers if (shift := shift_of(m)) is not None]
    assert len(shifts) == len(multipliers)
    return np.array([m.mantissa for m in multipliers], np.int64), np.array(shifts, np.int64)


def stream_const(stem: str, words: NDArray[np.uint32], layer: ConvLayer | DenseLayer) -> Const:
    """Weights, biases and scales in the order a kernel reads them; the first two are weights."""
    weights = layer.weights.size + BIAS_BYTES * len(layer.weights)
    data = words.tobytes()
    return Const(stem, "uint32_t", data, "weights", tables=len(data) - weights)
