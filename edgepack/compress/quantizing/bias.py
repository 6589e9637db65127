"""Bias correction: rounding weights shifts a layer's mean output, and the bias takes it back.

Empirical, a layer at a time: the outputs before the activation are compared on the calibration
data, the quantised layer being fed by the layers already quantised and corrected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.quantizing.ranges import Array
from edgepack.errors import UsageError

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Means:
    """Sums of a layer's outputs by channel (the last axis), and how many rows were summed."""

    sums: Doubles  # [channels]
    count: int

    def __add__(self, other: Means) -> Means:
        """Of both sets of outputs."""
        return Means(self.sums + other.sums, self.count + other.count)


def means(outputs: Array) -> Means:
    """Of outputs `[..., channels]`."""
    rows = outputs.reshape(-1, outputs.shape[-1])
    return Means(rows.sum(axis=0, dtype=np.float64), len(rows))


def corrected(bias: Array, floats: Means, quantised: Means, name: str = "layer") -> Array:
    """The bias `[channels]` with which the quantised layer's mean outputs are the float one's.

    Raises UsageError where nothing was measured or where means are not finite.
    """
    if floats.count != quantised.count or floats.count == 0:
        raise UsageError(f"{name}: no outputs to correct the bias by; give more samples")
    shift = (floats.sums - quantised.sums) / floats.count
    if not np.isfinite(shift).all():
        raise UsageError(f"{name}: NaN or infinity in its outputs on this data")
    return (np.asarray(bias, np.float64) + shift).astype(np.float32)
