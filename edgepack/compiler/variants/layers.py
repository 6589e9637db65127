"""Integer layers as every variant of a kernel sees them, whatever the variant's packing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edgepack.compiler.fixed_point import Multiplier
    from edgepack.compiler.operators.window import Window


@dataclass(frozen=True, slots=True)
class ConvLayer:
    """An int8 convolution of one group, or a depthwise one.

    The input's zero point is folded into `bias`, so inner loops see raw int8; a tap outside the
    input reads `zero_in`. Sums fit int32, |sum| <= bounds[channel] in any order of adding.
    """

    operator: int
    input: int  # tensor
    output: int
    window: Window
    depthwise: bool
    weights: NDArray[np.int8]  # [out, kh * kw * in], or depthwise [out, kh * kw]
    bias: NDArray[np.int64]  # [out]
    bounds: NDArray[np.int64]  # [out]
    multipliers: tuple[Multiplier, ...]  # one a channel
    zero_in: int
    zero_out: int
    low: int  # of the fused activation
    high: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates, padding included as everyone counts them."""
        return self.window.pixels * self.weights.size


@dataclass(frozen=True, slots=True)
class DenseLayer:
    """An int8 dense layer; `once` is LiteRT's single rounding."""

    operator: int
    input: int
    output: int
    batches: int
    weights: NDArray[np.int8]  # [out, in]
    bias: NDArray[np.int64]  # [out], the input's zero point folded in
    bounds: NDArray[np.int64]  # [out]
    multipliers: tuple[Multiplier, ...]  # one, or one a row
    once: bool
    zero_out: int
    low: int
    high: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all batches."""
        return self.batches * self.weights.size


@dataclass(frozen=True, slots=True)
class SumLayer:
    """An int8 sum or difference of two tensors of one shape.

    The operand of the larger scale has the multiplier a half; either may count negative.
    """

    operator: int
    large: int  # tensor
    small: int
    output: int
    inputs: tuple[int, ...]  # those of the two that lie in RAM
    count: int
    large_negative: bool
    small_negative: bool
    zero_large: int
    zero_small: int
    zero_out: int
    operand: Multiplier  # of the small one
    result: Multiplier
    low: int
    high: int
