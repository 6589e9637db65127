/* SPDX-License-Identifier: MIT-0 */
/* From 64-bit sums to int16. */
#ifndef EP_WIDE_H
#define EP_WIDE_H

#include "ep_fixed.h"

/// The nearest int16.
static inline int16_t ep_saturate_s16(int32_t value)
{
    return (int16_t)ep_clamp(value, INT16_MIN, INT16_MAX);
}

/// sum * factor / 2^shift rounded to the nearest, halves upwards, as TFLite's
/// MultiplyByQuantizedMultiplier has it for 64-bit sums: factor is the multiplier's upper 15 bits.
/// shift in [1, 62]; |sum| < 2^47, and the result fits int32_t.
static inline int32_t ep_requantize_wide(int64_t sum, int32_t factor, int32_t shift)
{
    return (int32_t)((sum * factor + ((int64_t)1 << (shift - 1))) >> shift);
}

#endif
