/* SPDX-License-Identifier: MIT-0 */
/* A product in double precision, in integers: the same bits on every core. */
#ifndef EP_DOUBLE_H
#define EP_DOUBLE_H

#include <stdint.h>

#define EP_DOUBLE_LIMIT 0x10000 /* no larger size is told apart */

/// How many bits a number has; 0 has none.
static inline int32_t ep_double_bits(uint64_t value)
{
    const uint32_t upper = (uint32_t)(value >> 32);
    uint32_t word = (upper != 0U) ? upper : (uint32_t)value;
    int32_t bits = (upper != 0U) ? 32 : 0;
    for (int32_t step = 16; step > 0; step /= 2) {
        if ((word >> step) != 0U) {
            word >>= step;
            bits += step;
        }
    }
    return bits + (int32_t)word;
}

/// sum * (2^32 * high + low) / 2^shift, rounded to the 53 bits of a double, and that to the nearest
/// integer, halves away from zero; clamped to EP_DOUBLE_LIMIT either way.
/// The first rounding takes halves upwards: to even decides the result only just below n + 1/2, and
/// there the even double is n + 1/2 itself, which has no more than 18 bits.
/// |sum| < 2^53; 2^32 * high + low < 2^53, at least 2^52 where shift is 0; shift in [0, 127].
static inline int32_t ep_double_scale(int64_t sum, uint32_t high, uint32_t low, int32_t shift)
{
    const uint64_t size = (uint64_t)((sum < 0) ? -sum : sum);
    const uint64_t size_high = size >> 32;
    const uint64_t size_low = size & UINT32_MAX;
    const uint64_t lowest = size_low * low;
    const uint64_t one = size_low * high;
    const uint64_t other = size_high * low;
    const uint64_t middle = (lowest >> 32) + (one & UINT32_MAX) + (other & UINT32_MAX);
    const uint64_t top = size_high * high + (one >> 32) + (other >> 32) + (middle >> 32);
    const uint64_t bottom = (middle << 32) | (lowest & UINT32_MAX);
    const int32_t bits = (top != 0U) ? 64 + ep_double_bits(top) : ep_double_bits(bottom);
    const int32_t lost = bits - 53;
    uint64_t value = bottom;
    if (lost > 0) {
        value = (top << (64 - lost)) | (bottom >> lost);
        value += (bottom >> (lost - 1)) & 1U;
        shift -= lost;
    }
    if (shift > 54) {
        value = 0;
    } else if (shift > 0) {
        value = (value + ((uint64_t)1 << (shift - 1))) >> shift;
    } else if (value != 0U) {
        value = EP_DOUBLE_LIMIT;
    }
    const int32_t limited = (value > EP_DOUBLE_LIMIT) ? EP_DOUBLE_LIMIT : (int32_t)value;
    return (sum < 0) ? -limited : limited;
}

#endif
