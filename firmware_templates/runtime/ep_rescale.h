/* SPDX-License-Identifier: MIT-0 */
/* From a sum to an int8: TFLite's requantisation in a few instructions, where its range allows. */
#ifndef EP_RESCALE_H
#define EP_RESCALE_H

#include "ep_fixed.h"

/// The high word of a * b.
static inline int32_t ep_high_word(int32_t a, int32_t b)
{
#if defined(__ARM_ARCH_6M__) /* no long multiply: four short ones are shorter than the library's */
    const uint32_t a_low = (uint32_t)a & 0xFFFFU;
    const uint32_t b_low = (uint32_t)b & 0xFFFFU;
    const int32_t middle = (a >> 16) * (int32_t)b_low + (int32_t)((a_low * b_low) >> 16);
    const int32_t rest = (int32_t)a_low * (b >> 16) + (middle & 0xFFFF);
    return (a >> 16) * (b >> 16) + (middle >> 16) + (rest >> 16);
#else
    return (int32_t)(((int64_t)a * b) >> 32);
#endif
}

/// The way that always holds: the shift's code is TFLite's shift - 31.
static __attribute__((noinline, unused)) int32_t
ep_rescale_any(int32_t sum, int32_t mantissa, int32_t code, int32_t zero_term)
{
    const int32_t value = ep_requantize(sum, mantissa, code + 31);
    return ep_clamp(value, -(1 << 24), 1 << 24) + (zero_term >> 1);
}

/// The same with one rounding.
static __attribute__((noinline, unused)) int32_t
ep_rescale_once_any(int32_t sum, int32_t mantissa, int32_t code, int32_t zero_term)
{
    const int32_t value = ep_requantize_once(sum, mantissa, code + 31);
    return ep_clamp(value, -(1 << 24), 1 << 24) + (zero_term >> 1);
}

/// The nearest int8. One instruction where the core saturates: so kernels saturate as they go, and
/// cut what lies outside a narrower activation's range afterwards (ep_limit_s8).
static inline int8_t ep_saturate(int32_t value)
{
#if defined(__ARM_FEATURE_SAT) /* compilers do not find it inside loops */
    return (int8_t)__builtin_arm_ssat(value, 8);
#else
    return (int8_t)ep_clamp(value, INT8_MIN, INT8_MAX);
#endif
}

/// sum * mantissa / 2^31 / 2^code + zero point, with TFLite's two roundings; to be
/// saturated.
/// mantissa: Q0.31, not negative. zero_term: 2 * zero point + 1. code: in [1, 21] the right shift,
/// and |sum| < 2^29; else the shift - 31 of ep_rescale_any.
/// Exact: with h = floor(4 * sum * mantissa / 2^32), the first rounding is floor((h + 1) / 2) and
/// the second adds 2^(code - 1), less 1 below zero; nested floors make that one shift.
static inline int32_t
ep_rescale(int32_t sum, int32_t mantissa, int32_t code, int32_t zero_term)
{
    if (code <= 0) {
        return ep_rescale_any(sum, mantissa, code, zero_term);
    }
    const int32_t high = ep_high_word(sum * 4, mantissa) + (sum >> 31) * 2;
    return (((high + 1) + zero_term * (1 << code)) >> code) >> 1;
}

/// The same with one rounding, halves upwards; code in [0, 21] is the right shift.
static inline int32_t
ep_rescale_once(int32_t sum, int32_t mantissa, int32_t code, int32_t zero_term)
{
    if (code < 0) {
        return ep_rescale_once_any(sum, mantissa, code, zero_term);
    }
    return ((ep_high_word(sum * 4, mantissa) + zero_term * (1 << code)) >> code) >> 1;
}

#endif
