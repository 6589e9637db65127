"""Look-up tables whose entries are what TFLite's reference kernels would compute."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edgepack.compiler.fixed_point import (
    Multiplier,
    quantize_multiplier,
    requantize,
    rounding_divide_by_pot,
    rounding_doubling_high_mul,
    saturate,
)
from edgepack.graph import Tensor

RANGE = {"INT8": (-128, 127), "UINT8": (0, 255), "INT16": (-32768, 32767)}

# gemmlowp's exp_on_negative_values: exp(-2^k), Q0.31, for k = -2 to 4
_EXP_OF_MINUS_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
_EXP_OF_MINUS_EIGHTH = 1895147668
_THIRD = 715827883
_DIFFERENCE_BITS = 5  # softmax holds differences as Q5.26


def rounded(value: float) -> int:
    """The nearest integer, halves away from zero, as std::round."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def round_saturated(value: float) -> int:
    """The same, infinities and what int32 does not hold saturated."""
    return rounded(max(-(2.0**31), min(2.0**31 - 1, value)))


def exp_on_negative_values(raw: int) -> int:
    """exp(raw / 2**26) in Q0.31 for raw in [-2**31, 0], bit-exact with gemmlowp's fixed point."""
    if raw == 0:
        return 2**31 - 1
    quarter = 1 << 24
    fraction = (raw & (quarter - 1)) - quarter
    x = (fraction << _DIFFERENCE_BITS) + (1 << 28)
    square = rounding_doubling_high_mul(x, x)
    cube = rounding_doubling_high_mul(square, x)
    fourth = rounding_divide_by_pot(rounding_doubling_high_mul(square, square), 2)
    series = rounding_doubling_high_mul(fourth + cube, _THIRD) + square
    growth = rounding_doubling_high_mul(_EXP_OF_MINUS_EIGHTH, x + rounding_divide_by_pot(series, 1))
    result = _EXP_OF_MINUS_EIGHTH + growth
    remainder = fraction - raw
    for place, factor in enumerate(_EXP_OF_MINUS_POWERS):
        if remainder >> (24 + place) & 1:
            result = rounding_doubling_high_mul(result, factor)
    return result


def softmax_scaling(scale: float, beta: float) -> tuple[Multiplier, int]:
    """From differences to Q5.26, and the last difference that TFLite's softmax does not leave out.

    Bit-exact with PreprocessSoftmaxScaling and CalculateInputRadius. `beta * scale` must exceed
    2**-26.
    """
    unit = 1 << (31 - _DIFFERENCE_BITS)
    multiplier = quantize_multiplier(min(beta * scale * unit, 2.0**31 - 1))
    return multiplier, ((1 << _DIFFERENCE_BITS) - 1) * unit >> multiplier.shift


def softmax_exponentials(scale: float, beta: float) -> NDArray[np.int32]:
    """exp(-beta * scale * d) in Q0.31 for d = 0, 1, ...; the rest TFLite's softmax leaves out.

    Bit-exact with reference_ops::Softmax. At least one entry, at most 256.
    """
    multiplier, radius = softmax_scaling(scale, beta)
    raws = (
        rounding_doubling_high_mul(-(d << multiplier.shift), multiplier.mantissa)
        for d in range(min(255, radius) + 1)
    )
    return np.array([exp_on_negative_values(raw) for raw in raws], np.int32)


def byte_table(entry: Callable[[int], int], source: str, target: str) -> NDArray[np.uint8]:
    """entry(q) for each q of the 8-bit type `source`, clamped to `target`, in order of q's bits."""
    low, high = RANGE[source]
    floor, ceiling = RANGE[target]
    table = np.zeros(256, np.uint8)
    for q in range(low, high + 1):
        table[q & 255] = max(floor, min(ceiling, entry(q))) & 255
    return table


FLIPPED: NDArray[np.uint8] = (np.arange(256) ^ 128).astype(np.uint8)


def bounds_of(table: NDArray[np.uint8]) -> tuple[int, int] | None:
    """The bounds of a table of int8 that only clamps, else None."""
    values = table.view(np.int8)
    low, high = int(values.min()), int(values.max())
    every = np.arange(256).astype(np.uint8).view(np.int8)
    return (low, high) if (np.clip(every, low, high) == values).all() else None


def real_table(x: Tensor, y: Tensor, function: Callable[[float], float]) -> NDArray[np.uint8]:
    """A function of reals between two 8-bit tensors, as TFLite's LUTPopulate.

    `function` takes and gives values of single precision.
    """
    inverse = np.float32(1) / np.float32(y.scale)

    def entry(q: int) -> int:
        real = float(np.float32(x.scale) * np.float32(q - x.zero_point))
        with np.errstate(over="ignore"):
            product = np.float32(function(real)) * inverse
        return round_saturated(float(product)) + y.zero_point

    return byte_table(entry, x.dtype.name, y.dtype.name)


def logistic(value: float) -> float:
    """1 / (1 + exp(-value)) with each step rounded to single precision."""
    power = math.exp(-value) if value > -700.0 else math.inf
    with np.errstate(over="ignore"):
        return float(np.float32(1) / (np.float32(1) + np.float32(power)))


def tanh(value: float) -> float:
    """The hyperbolic tangent, rounded to single precision."""
    return float(np.float32(math.tanh(value)))


def scale_ratio(numerator: float, denominator: float) -> Multiplier:
    """The multiplier of a quotient of scales that TFLite takes in single precision."""
    return quantize_multiplier(float(np.float32(numerator) / np.float32(denominator)))


def relu_table(x: Tensor, y: Tensor, low: float, high: float) -> NDArray[np.uint8]:
    """min(max(x, low), high) between two int8 tensors, as TFLite's ReluX."""
    multiplier = scale_ratio(x.scale, y.scale)
    floor = y.zero_point + round_saturated(float(np.float32(low) / np.float32(y.scale)))
    ceiling = y.zero_point + round_saturated(float(np.float32(high) / np.float32(y.scale)))

    def entry(q: int) -> int:
        return max(floor, min(ceiling, requantize(q - x.zero_point, multiplier) + y.zero_point))

    return byte_table(entry, x.dtype.name, y.dtype.name)


def leaky_relu_table(x: Tensor, y: Tensor, alpha: float) -> NDArray[np.uint8]:
    """x, or alpha * x where it is negative, as TFLite's QuantizeLeakyRelu.

    A negative slope is LiteRT's: the product with its size, rounded, then negated.
    """
    same = scale_ratio(x.scale, y.scale)
    product = float(np.float32(x.scale) * np.float32(alpha) / np.float32(y.scale))
    slope = quantize_multiplier(abs(product))

    def entry(q: int) -> int:
        value = q - x.zero_point
        if value >= 0:
            return requantize(value, same) + y.zero_point
        scaled = requantize(value, slope)
        return (-scaled if product < 0 else scaled) + y.zero_point

    return byte_table(entry, x.dtype.name, y.dtype.name)


def requantize_table(x: Tensor, y: Tensor) -> NDArray[np.uint8]:
    """The same real value with another scale, zero point or 8-bit type, as TFLite's Requantize."""
    multiplier = quantize_multiplier(x.scale / y.scale)

    def entry(q: int) -> int:
        return requantize(q - x.zero_point, multiplier) + y.zero_point

    return byte_table(entry, x.dtype.name, y.dtype.name)


def _high_mul_16(a: int, b: int) -> int:
    """gemmlowp's SaturatingRoundingDoublingHighMul on int16."""
    return min((a * b + (1 << 14)) >> 15, 32767)


def _divide_by_pot_16(value: int, exponent: int) -> int:
    """gemmlowp's RoundingDivideByPOT on int16; from 16 on it gives 1 or -1, as its mask wraps."""
    mask = -1 if exponent > 15 else (1 << exponent) - 1
    threshold = (mask >> 1) + (1 if value < 0 else 0)
    return (value >> exponent) + (1 if (value & mask) > threshold else 0)


def _short_multiplier(scale: float) -> Multiplier:
    """QuantizeMultiplier with its mantissa rounded to Q0.15 (DownScaleInt32ToInt16Multiplier)."""
    multiplier = quantize_multiplier(scale)
    return Multiplier(min((multiplier.mantissa + (1 << 15)) >> 16, 32767), multiplier.shift)


def prelu_multipliers(x: Tensor, alpha: Tensor, y: Tensor) -> tuple[Multiplier, Multiplier]:
    """Of elements from 0 up, and of products with their slope below 0."""
    product = np.float32(x.scale) * np.float32(alpha.scale)
    return scale_ratio(x.scale, y.scale), scale_ratio(float(product), y.scale)


def hard_swish_multiplier(x: Tensor, y: Tensor) -> Multiplier:
    """From 1/128 of the input's scale to the output's; TFLite needs shift <= 0."""
    return _short_multiplier(float(np.float32(1 / 128) * np.float32(x.scale) / np.float32(y.scale)))


def hard_swish_table(x: Tensor, y: Tensor) -> NDArray[np.uint8]:
    """x * min(max(x + 3, 0), 6) / 6 in TFLite's 16-bit arithmetic (reference_ops::HardSwish)."""
    output = hard_swish_multiplier(x, y)
    fine = np.float32(1 / 128) * np.float32(x.scale)
    gate = _short_multiplier(float(fine / (np.float32(3) / np.float32(32768))))

    def entry(q: int) -> int:
        value = (q - x.zero_point) * 128
        product = _hard_swish_gate(value, gate) * _high_mul_16(value, output.mantissa)
        preshift = min(abs(product) >> 15, 32767) * (1 if product >= 0 else -1)
        return _divide_by_pot_16(preshift, -output.shift) + y.zero_point

    return byte_table(entry, x.dtype.name, y.dtype.name)


def _hard_swish_gate(value: int, multiplier: Multiplier) -> int:
    """min(max(x + 3, 0), 6) / 6 in Q0.15."""
    left = max(multiplier.shift, 0)
    gate = saturate(value << max(left - 1, 0), 16)
    gate = _high_mul_16(gate, multiplier.mantissa)
    gate = saturate(gate << min(left, 1), 16)
    gate = _divide_by_pot_16(gate, max(-multiplier.shift, 0))
    return (gate + (1 << 15)) >> 1
