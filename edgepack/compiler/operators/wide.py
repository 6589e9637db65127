"""Scales of 64-bit sums, as TFLite's 16-bit activations have them."""

from __future__ import annotations

from dataclasses import dataclass

from edgepack.compiler.fixed_point import Multiplier, quantize_multiplier
from edgepack.compiler.operators.checks import refuse
from edgepack.graph import Graph, Operator


@dataclass(frozen=True, slots=True)
class WideScale:
    """round(sum * factor / 2**shift): ep_requantize_wide."""

    factor: int  # 15 bits
    shift: int  # in [1, 46]


def reduced(scale: float) -> WideScale:
    """A scale below 2**14 (MultiplyByQuantizedMultiplier on int64)."""
    return _shortened(quantize_multiplier(scale))


def _shortened(multiplier: Multiplier) -> WideScale:
    rounded = (multiplier.mantissa + 2**15) >> 16
    factor = rounded if multiplier.mantissa < 0x7FFF0000 else 0x7FFF
    return WideScale(factor, 15 - multiplier.shift)


def wide_scale(op: Operator, graph: Graph, scale: float) -> WideScale:
    """The scale as the kernels take it; refused where TFLite's shift leaves its range."""
    return wide_of(op, graph, quantize_multiplier(scale))


def wide_of(op: Operator, graph: Graph, multiplier: Multiplier) -> WideScale:
    """The same of a scale that is a multiplier already."""
    wide = _shortened(multiplier)
    if wide.shift < 8:  # the reference asserts that it shifts left by 7 at most
        scale = multiplier.mantissa / 2**31 * 2.0**multiplier.shift
        refuse(
            op,
            graph,
            f"its output's scale is {scale:.9g} times smaller than its inputs' product; 2^7 is "
            "the limit. Quantise the model again with representative data.",
        )
    return wide


def require_reach(op: Operator, graph: Graph, scale: float, largest: int = 1) -> None:
    """Refuse the operator where `scale` times a number up to `largest` leaves 2**30.

    Beyond it TFLite's 32-bit arithmetic overflows, and its shifts leave their range.
    """
    if not scale * largest < 2.0**30:
        refuse(
            op,
            graph,
            f"it scales numbers of up to {largest} by {scale:.9g}; the product must stay below "
            "2^30. Quantise the model again with representative data.",
        )
