"""Sums of two tensors on Helium: four elements at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgepack.program import Overlap, Params, Scalar, Step, TensorRef

if TYPE_CHECKING:
    from edgepack.compiler.fixed_point import Multiplier
    from edgepack.compiler.variants.layers import SumLayer

FACTOR = 2**19  # half of TFLite's left shift by 20: the multiplier of the larger scale
LAST_SHIFT = 29  # from 30 on, every sum rounds to 0


def total(layer: SumLayer) -> Step | None:
    """The sum's step; None where the operand of the smaller scale counts negative."""
    if layer.small_negative:
        return None
    factor = -FACTOR if layer.large_negative else FACTOR
    half = layer.operand.shift == 0
    mantissa_b, shift_b = (layer.operand.mantissa, 1) if half else _shifted(layer.operand)
    mantissa, shift = _shifted(layer.result)
    fields = (
        ("mantissa_b", mantissa_b),
        ("mantissa", mantissa),
        ("factor_a", factor),
        ("offset", -factor * layer.zero_large),
        ("nudge_b", 1 + 2**shift_b),
        ("nudge", 1 + 2**shift),
        ("zero_b", layer.zero_small),
        ("zero", layer.zero_out),
        ("left_b", 23 if half else 22),
        ("shift_b", shift_b + 1),
        ("shift", shift + 1),
        ("low", layer.low),
        ("high", layer.high),
    )
    arguments = (
        Params("ep_sum_s8_t", fields),
        Scalar("int32_t", layer.count),
        TensorRef(layer.large),
        TensorRef(layer.small),
        TensorRef(layer.output),
    )
    kernel = "ep_mve_add_s8"
    return Step(
        layer.operator,
        kernel,
        kernel,
        arguments,
        layer.inputs,
        (layer.output,),
        tuple(Overlap(tensor, layer.output) for tensor in layer.inputs),
        variant="mve",
    )


def _shifted(multiplier: Multiplier) -> tuple[int, int]:
    """Mantissa and right shift; mantissa 0 where the product rounds to 0."""
    right = -multiplier.shift
    return (multiplier.mantissa, right) if 1 <= right <= LAST_SHIFT else (0, LAST_SHIFT)
