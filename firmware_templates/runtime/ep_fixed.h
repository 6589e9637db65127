/* SPDX-License-Identifier: MIT-0 */
/* TFLite's fixed-point arithmetic. */
#ifndef EP_FIXED_H
#define EP_FIXED_H

#include <stdint.h>

/// Clamp to [low, high].
static inline int32_t ep_clamp(int32_t value, int32_t low, int32_t high)
{
    if (value < low) {
        return low;
    }
    return (value > high) ? high : value;
}

/// a * b / 2^31 rounded to the nearest, halves upwards, as SaturatingRoundingDoublingHighMul has
/// it. b must not be INT32_MIN, so nothing saturates.
static inline int32_t ep_high_mul(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

/// value / 2^exponent rounded to the nearest, halves away from zero; exponent in [0, 31].
static inline int32_t ep_rounding_shift(int32_t value, uint32_t exponent)
{
    const int32_t mask = (int32_t)(((uint32_t)1 << exponent) - 1U);
    const int32_t threshold = (mask >> 1) + ((value < 0) ? 1 : 0);
    return (value >> exponent) + (((value & mask) > threshold) ? 1 : 0);
}

/// value * mantissa / 2^31 * 2^shift with TFLite's two roundings (MultiplyByQuantizedMultiplier).
/// mantissa: Q0.31, not negative; shift in [-31, 30], positive is left.
static inline int32_t ep_requantize(int32_t value, int32_t mantissa, int32_t shift)
{
    const uint32_t left = (shift > 0) ? (uint32_t)shift : 0U;
    const uint32_t right = (shift > 0) ? 0U : (uint32_t)(-shift);
    const int32_t shifted = (int32_t)((uint32_t)value << left);
    return ep_rounding_shift(ep_high_mul(shifted, mantissa), right);
}

/// The same scale with a single rounding, halves upwards, as LiteRT's dense layer has it.
static inline int32_t ep_requantize_once(int32_t value, int32_t mantissa, int32_t shift)
{
    const uint32_t total = (uint32_t)(31 - shift);
    return (int32_t)(((int64_t)value * mantissa + ((int64_t)1 << (total - 1U))) >> total);
}

#endif
