"""Ranges, multipliers and bounds of sums: what the kernels' tables hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.fixed_point import Multiplier, float32
from edgepack.compiler.operators.checks import refuse
from edgepack.graph import Graph, Operator, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLOAT_MAX = 3.4028234663852886e38
QUICK_SHIFT = 21  # ep_rescale.h: the largest right shift of the short way
QUICK_SUM = 2**29
_LIMITS: dict[str, tuple[float | None, float | None]] = {
    "NONE": (None, None),
    "RELU": (0.0, None),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU6": (0.0, 6.0),
}


def activation_range(tensor: Tensor, activation: str) -> tuple[int, int]:
    """The range of a fused activation in the tensor's own integer type
    (TFLite's CalculateActivationRangeQuantized).
    """
    low, high = _LIMITS[activation]
    floor, ceiling = integer_range(tensor)
    return (
        floor if low is None else max(floor, min(_quantized(tensor, low), ceiling)),
        ceiling if high is None else min(ceiling, max(_quantized(tensor, high), floor)),
    )


def integer_range(tensor: Tensor) -> tuple[int, int]:
    """The least and the greatest number of the tensor's integer type."""
    info = np.iinfo(tensor.dtype.numpy)
    return int(info.min), int(info.max)


def plain_range(tensor: Tensor, activation: str) -> tuple[int, int]:
    """The range of a fused activation in integers that have no scale (CalculateActivationRange)."""
    low, high = _LIMITS[activation]
    floor, ceiling = integer_range(tensor)
    return floor if low is None else int(low), ceiling if high is None else int(high)


def _quantized(tensor: Tensor, value: float) -> int:
    scaled = float32(value / tensor.scale)
    return tensor.zero_point + int(math.copysign(math.floor(abs(scaled) + 0.5), scaled))


def float_range(activation: str) -> tuple[float, float]:
    """The range of a fused activation in float32; without one, the finite numbers."""
    low, high = _LIMITS[activation]
    return (-FLOAT_MAX if low is None else low, FLOAT_MAX if high is None else high)


def zero_term(tensor: Tensor) -> int:
    """What ep_rescale wants of an output's zero point."""
    return 2 * tensor.zero_point + 1


def sum_bounds(
    weights: NDArray[np.int64], bias: NDArray[np.int64], low: int, high: int
) -> NDArray[np.int64]:
    """The largest magnitude of each row's sum, partial sums in any order included.

    weights: [rows, depth]; bias: [rows]; inputs lie in [low, high], which holds 0.
    """
    ends = np.stack([weights * low, weights * high])
    top = bias + np.maximum(ends.max(axis=0), 0).sum(axis=1)
    bottom = bias + np.minimum(ends.min(axis=0), 0).sum(axis=1)
    bounds: NDArray[np.int64] = np.maximum(np.abs(top), np.abs(bottom))
    return bounds


def require_int32(op: Operator, graph: Graph, bounds: NDArray[np.int64]) -> None:
    """Refuse the operator where a sum may leave int32."""
    worst = int(bounds.argmax())
    if bounds[worst] >= 2**31:
        refuse(
            op,
            graph,
            f"the sums of output channel {worst} may reach {int(bounds[worst])}, an int32 ends at "
            f"{2**31 - 1}. Its bias or its weights are out of proportion: quantise the model "
            "again with representative data.",
        )


def rescale_codes(
    multipliers: Sequence[Multiplier], bounds: NDArray[np.int64], *, once: bool = False
) -> NDArray[np.int8]:
    """How ep_rescale (or ep_rescale_once) shifts each row: see ep_rescale.h."""
    least = 0 if once else 1
    codes = [
        -m.shift
        if least <= -m.shift <= QUICK_SHIFT and bound < QUICK_SUM
        else m.shift - 31 - (1 if once and m.shift == 31 else 0)
        for m, bound in zip(multipliers, bounds.tolist(), strict=True)
    ]
    return np.array(codes, np.int8)


def interleave(weights: NDArray[np.generic], block: int = 4) -> NDArray[np.generic]:
    """Rows [n, depth] as blocks [depth, 4] and the rows left, flat (ep_columns_s8.h)."""
    rows, depth = weights.shape
    whole = rows - rows % block
    blocks = weights[:whole].reshape(-1, block, depth).transpose(0, 2, 1)
    return np.concatenate([blocks.reshape(-1), weights[whole:].reshape(-1)])
