"""TFLite's fixed-point arithmetic, in exact integers."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A real scale, approximately mantissa / 2**31 * 2**shift."""

    mantissa: int  # Q0.31, in [2**30, 2**31), or 0
    shift: int  # positive is left


def quantize_multiplier(scale: float) -> Multiplier:
    """Split a non-negative scale into a Q0.31 mantissa and a shift.

    Bit-exact with TFLite's QuantizeMultiplier (quantization_util.cc, double
    rounding): halves round away from zero, and shift < -31 flushes to zero.
    """
    if scale == 0.0:
        return Multiplier(0, 0)
    fraction, shift = math.frexp(scale)
    mantissa = math.floor(fraction * 2**31 + 0.5)
    if mantissa == 2**31:
        mantissa //= 2
        shift += 1
    if shift < -31:
        return Multiplier(0, 0)
    return Multiplier(mantissa, shift)


def float32(value: float) -> float:
    """The nearest IEEE single, as a Python float."""
    import struct

    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def saturate(value: int, bits: int = 32) -> int:
    """Clamp to a signed integer of that many bits."""
    return max(-(1 << (bits - 1)), min((1 << (bits - 1)) - 1, value))


def rounding_doubling_high_mul(a: int, b: int) -> int:
    """gemmlowp's SaturatingRoundingDoublingHighMul on int32."""
    if a == b == -(2**31):
        return 2**31 - 1
    product = a * b
    nudge = 2**30 if product >= 0 else 1 - 2**30
    total = product + nudge
    return total >> 31 if total >= 0 else -((-total) >> 31)


def rounding_divide_by_pot(value: int, exponent: int) -> int:
    """gemmlowp's RoundingDivideByPOT: halves away from zero."""
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (1 if value < 0 else 0)
    return (value >> exponent) + (1 if (value & mask) > threshold else 0)


def requantize(value: int, multiplier: Multiplier) -> int:
    """TFLite's MultiplyByQuantizedMultiplier, two roundings, on an int32 value."""
    left, right = max(multiplier.shift, 0), max(-multiplier.shift, 0)
    shifted = ((value << left) + 2**31) % 2**32 - 2**31
    return rounding_divide_by_pot(rounding_doubling_high_mul(shifted, multiplier.mantissa), right)


def requantize_once(value: int, multiplier: Multiplier) -> int:
    """The same scale with one rounding, as LiteRT's dense layer has it."""
    total_shift = 31 - multiplier.shift
    return (value * multiplier.mantissa + (1 << (total_shift - 1))) >> total_shift
