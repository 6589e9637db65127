"""Tables of functions of one 8- or 16-bit value, entry for entry what TFLite computes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edgepack.compiler.fixed_point import (
    Multiplier,
    quantize_multiplier,
    requantize,
    rounding_doubling_high_mul,
    saturate,
)
from edgepack.compiler.tables import RANGE, byte_table, rounded, scale_ratio
from edgepack.graph import Tensor

STEPS = 512  # between the entries of a table for int16, and between two entries 128 values
FLOAT_MAX = 3.4028234663852886e38
RSQRT_SHIFT = 20  # TFLite's kShift
HALF_SQRT_2 = 1518500250  # Q0.31
Function = Callable[[float], float]


def exponential(value: float) -> float:
    """exp, infinite where it overflows."""
    return math.exp(value) if value < 709.0 else math.inf


def elu(value: float) -> float:
    """The value, or exp - 1 below 0, each step in single precision."""
    return value if value >= 0 else float(np.float32(math.exp(value)) - np.float32(1))


def gelu(value: float) -> float:
    """x / 2 * erfc(-x / sqrt(2)), each step in single precision."""
    x = np.float32(value)
    inner = float(x * -np.float32(math.sqrt(0.5)))
    return float(np.float32(0.5) * x * np.float32(math.erfc(inner)))


def gelu_by_tanh(value: float) -> float:
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))), each step in single precision."""
    x = np.float32(value)
    cube = np.float32(0.044715) * x * x * x
    inner = np.float32(2 / math.sqrt(math.pi) * math.sqrt(0.5)) * (x + cube)
    return float(np.float32(0.5) * x * (np.float32(1) + np.float32(math.tanh(float(inner)))))


def logarithm_of(output: Tensor) -> Function:
    """ln, and from 0 down the least number that the output holds."""
    low = RANGE[output.dtype.name][0]
    least = float(np.float32(low - output.zero_point) * np.float32(output.scale))
    return lambda value: least if value <= 0 else math.log(value)


def rsqrt_of(output: Tensor) -> Function:
    """1 / sqrt, and from 0 down the greatest number of int16."""
    most = float(np.float32(32767) * np.float32(output.scale))
    return lambda value: most if value <= 0 else float(np.float32(1) / np.sqrt(np.float32(value)))


def abs_table(x: Tensor, y: Tensor) -> NDArray[np.uint8]:
    """|x| between two int8 tensors, as TFLite's AbsEvalQuantized."""
    multiplier = abs_multiplier(x, y)

    def entry(q: int) -> int:
        size = abs(q - x.zero_point)
        return (size if multiplier is None else requantize(size, multiplier)) + y.zero_point

    return byte_table(entry, x.dtype.name, y.dtype.name)


def abs_multiplier(x: Tensor, y: Tensor) -> Multiplier | None:
    """Of one scale to the other; None where they are the same."""
    return None if x.scale == y.scale else scale_ratio(x.scale, y.scale)


def negative_table(x: Tensor, y: Tensor) -> NDArray[np.uint8]:
    """The stored value's negative, modulo 256, whatever the scales, as TFLite's Negate."""
    return (-np.arange(256)).astype(np.uint8)


def sqrt_table(x: Tensor, y: Tensor) -> NDArray[np.uint8]:
    """sqrt between two int8 tensors, rounded towards zero as TFLite has it; below 0 that of 0."""

    def entry(q: int) -> int:
        real = np.float32(x.scale) * np.float32(max(q - x.zero_point, 0))
        return int(np.sqrt(real) / np.float32(y.scale)) + y.zero_point

    return byte_table(entry, x.dtype.name, y.dtype.name)


def rsqrt_table(x: Tensor, y: Tensor) -> NDArray[np.uint8]:
    """1 / sqrt between two int8 tensors in TFLite's fixed point; from 0 down the greatest."""
    root = float(np.sqrt(np.float32(x.scale)))
    multiplier = quantize_multiplier(1.0 / float(np.float32(root) * np.float32(y.scale)))
    output = Multiplier(multiplier.mantissa, multiplier.shift - RSQRT_SHIFT)

    def entry(q: int) -> int:
        value = q - x.zero_point
        if value <= 0:
            return 127
        inverse = inverse_root(value)
        data = requantize(1, Multiplier(inverse.mantissa, inverse.shift + RSQRT_SHIFT))
        return requantize(data, output) + y.zero_point

    return byte_table(entry, x.dtype.name, y.dtype.name)


def rsqrt_shift(x: Tensor, y: Tensor) -> int:
    """The shift of that table's last multiplication; TFLite takes -31 to 30."""
    root = np.sqrt(np.float32(x.scale))
    return quantize_multiplier(1.0 / float(root * np.float32(y.scale))).shift - RSQRT_SHIFT


def inverse_root(value: int) -> Multiplier:
    """1 / sqrt(value) for value >= 1, as TFLite's GetInvSqrtQuantizedMultiplierExp.

    Newton's method on numbers with 3 integer bits, 5 times from 1.
    """
    if value <= 1:
        return Multiplier(2**31 - 1, 0)
    shift = 11
    while value >= 1 << 29:
        value //= 4
        shift += 1
    pairs = (32 - value.bit_length() - 1) // 2 - 1
    shift -= pairs
    value <<= 2 * pairs
    fixed = value >> 1
    half = _divided_by_two(fixed)
    x = 1 << 28
    for _ in range(5):
        square = rounding_doubling_high_mul(x, x)  # 6 integer bits
        cube = saturate(rounding_doubling_high_mul(square, x) << 6)  # 9, brought back to 3
        product = rounding_doubling_high_mul((1 << 28) + (1 << 27), x)
        difference = product - rounding_doubling_high_mul(half, cube)
        x = saturate(difference << 3)
    mantissa = rounding_doubling_high_mul(x, HALF_SQRT_2)
    if shift < 0:
        mantissa, shift = mantissa << -shift, 0
    return Multiplier(mantissa, -shift)


def _divided_by_two(value: int) -> int:
    return (value >> 1) + (value & 1)  # of a number that is not negative


def line_table(x: Tensor, y: Tensor, function: Function) -> NDArray[np.int16]:
    """[513]: a function between two int16 tensors, as TFLite's LUTPopulateInt16.

    An entry is lowered by half the error that the line to the next one has in its middle. Every
    step is in single precision.
    """
    f32 = np.float32
    low = f32(x.scale) * f32(-32768 - x.zero_point)
    high = f32(x.scale) * f32(32767 - x.zero_point)
    bottom = f32(y.scale) * f32(-32768 - y.zero_point)
    top = f32(y.scale) * f32(32767 - y.zero_point)
    step = (high - low) / f32(STEPS)
    half = step / f32(2)
    gain = f32(65536) / (top - bottom)

    def at(place: np.float32) -> np.float32:
        with np.errstate(over="ignore"):
            return f32(function(float(place))) * gain

    entries = []
    for i in range(STEPS):
        start = low + f32(i) * step
        here = _rounded(at(start))
        line = _rounded((at(low + f32(i + 1) * step) + here) / f32(2))
        middle = _rounded(at(start + half))
        entries.append(float(here - _rounded((line - middle) / f32(2))))
    entries.append(float(_rounded(at(high))))
    return np.clip(entries, -32768, 32767).astype(np.int16)


def _rounded(value: np.float32) -> np.float32:
    return np.float32(rounded(max(-FLOAT_MAX, min(FLOAT_MAX, float(value)))))
