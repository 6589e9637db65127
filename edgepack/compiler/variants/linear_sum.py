"""Sums of two int8 tensors as one linear form, where it gives the reference's bits for every pair.

TFLite rounds the smaller operand and the sum, both in numbers with some twenty bits of fraction:
away from ties of the result, that is the real sum rounded once. Whether no pair of bytes meets a
tie is found out by trying all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgepack.compiler.variants.staircase import scale_of
from edgepack.program import Overlap, Params, Scalar, Step, TensorRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepack.compiler.fixed_point import Multiplier
    from edgepack.compiler.variants.layers import SumLayer

BYTES = np.arange(-128, 128, dtype=np.int64)
SUM_SHIFT = 20  # TFLite's left shift of both operands
LEAST_SHIFT = 17
NEAR = ((0, 0), (1, 0), (0, 1), (-1, 0), (0, -1), (1, -1), (-1, 1))


def linear_total(layer: SumLayer) -> Step | None:
    """The sum by two multiplications an element; None where no linear form is exact."""
    found = linear_form(layer)
    if found is None:
        return None
    names = ("factor_a", "factor_b", "offset", "shift", "low", "high")
    params = Params(
        "ep_linear_sum_t", tuple(zip(names, (*found, layer.low, layer.high), strict=True))
    )
    return Step(
        operator=layer.operator,
        kernel="ep_linear_sum_s8",
        source="ep_linear_sum_s8",
        arguments=(
            params,
            Scalar("int32_t", layer.count),
            TensorRef(layer.large),
            TensorRef(layer.small),
            TensorRef(layer.output),
        ),
        inputs=layer.inputs,
        outputs=(layer.output,),
        overlaps=tuple(Overlap(tensor, layer.output) for tensor in layer.inputs),
    )


def linear_form(layer: SumLayer) -> tuple[int, int, int, int] | None:
    """factor_a, factor_b, offset and shift of ep_linear_sum_s8.h, or None; a is the large one."""
    expected = reference(layer)
    ratio_a, ratio_b = ratios(layer)
    reach = 128 * (abs(ratio_a) + abs(ratio_b)) + 1
    for shift in range(31 - int(np.ceil(np.log2(reach))), LEAST_SHIFT, -1):
        near = (round(ratio_a * 2.0**shift), round(ratio_b * 2.0**shift))
        for turns in NEAR:
            factors = (near[0] + turns[0], near[1] + turns[1])
            offset = _offset(expected, layer, factors, shift)
            if offset is not None:
                return (*factors, offset, shift)
    return None


def ratios(layer: SumLayer) -> tuple[float, float]:
    """What one step of the large and of the small operand adds to the output."""
    large = scale_of(layer.result) * 2.0 ** (SUM_SHIFT - 1)
    small = scale_of(layer.result) * scale_of(layer.operand) * 2.0**SUM_SHIFT
    return (
        -large if layer.large_negative else large,
        -small if layer.small_negative else small,
    )


def _offset(
    expected: NDArray[np.int64], layer: SumLayer, factors: tuple[int, int], shift: int
) -> int | None:
    form = BYTES[:, None] * factors[0] + BYTES[None, :] * factors[1]
    return fitting_offset(expected, layer, form, shift)


def fitting_offset(
    expected: NDArray[np.int64], layer: SumLayer, form: NDArray[np.int64], shift: int
) -> int | None:
    """What to add to a form of each pair of bytes, so that it is right for all of them when it is
    shifted: the middle of what does.
    """
    least = ((expected << shift) - form)[expected > layer.low].max(initial=-(2**62))
    below = (((expected + 1) << shift) - form)[expected < layer.high].min(initial=2**62)
    if least >= below or max(abs(int(least)), abs(int(below))) >= 2**62:
        return None
    offset = (int(least) + int(below)) // 2
    fits = np.abs(form).max() + abs(offset) < 2**31
    return offset if fits else None


def reference(layer: SumLayer) -> NDArray[np.int64]:
    """[256, 256]: TFLite's output for each pair of bytes, rows the large operand's."""
    large = (BYTES - layer.zero_large) << (SUM_SHIFT - 1)
    small = _rounded((BYTES - layer.zero_small) << SUM_SHIFT, layer.operand)
    large = -large if layer.large_negative else large
    small = -small if layer.small_negative else small
    sums = _rounded(large[:, None] + small[None, :], layer.result)
    return np.clip(sums + layer.zero_out, layer.low, layer.high)


def _rounded(values: NDArray[np.int64], multiplier: Multiplier) -> NDArray[np.int64]:
    """TFLite's MultiplyByQuantizedMultiplier for right shifts."""
    right = max(0, -multiplier.shift)
    left = values << max(0, multiplier.shift)
    high = (left * multiplier.mantissa + 2**30) >> 31
    if right == 0:
        return high
    right = min(right, 31)
    half = np.int64(1 << (right - 1))
    return np.asarray((high + half - (high < 0)) >> right)
