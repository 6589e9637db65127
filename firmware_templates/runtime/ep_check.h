/* SPDX-License-Identifier: MIT-0 */
/* Comparing a model's answer with the expected one, for generated self-tests. */
#ifndef EP_CHECK_H
#define EP_CHECK_H

#include <stdint.h>

/// 0 where the bytes agree, else the index of the first that differs, plus 1.
static inline uint32_t ep_check_bytes(const void* got, const void* expected, uint32_t bytes)
{
    const uint8_t* a = (const uint8_t*)got;
    const uint8_t* b = (const uint8_t*)expected;
    for (uint32_t i = 0; i < bytes; ++i) {
        if (a[i] != b[i]) {
            return i + 1U;
        }
    }
    return 0;
}

/// A float's bits as an integer that orders as the floats do; -0 and 0 are the same.
static inline int64_t ep_check_rank(float value)
{
    union {
        float real;
        uint32_t bits;
    } view;
    view.real = value;
    const int64_t magnitude = (int64_t)(view.bits & 0x7FFFFFFFU);
    return ((view.bits >> 31) != 0U) ? -magnitude : magnitude;
}

/// 0 where all floats are within `ulp` units in the last place, else the index of the first byte
/// of the first that is not, plus 1. NaN agrees with NaN only.
static inline uint32_t ep_check_floats(const float* got, const float* expected, uint32_t count,
                                       uint32_t ulp)
{
    for (uint32_t i = 0; i < count; ++i) {
        const int64_t apart = ep_check_rank(got[i]) - ep_check_rank(expected[i]);
        const int64_t distance = (apart < 0) ? -apart : apart;
        const int nan_got = (got[i] != got[i]) ? 1 : 0;
        const int nan_expected = (expected[i] != expected[i]) ? 1 : 0;
        if (nan_got != nan_expected || (nan_got == 0 && distance > (int64_t)ulp)) {
            return (uint32_t)(i * sizeof(float)) + 1U;
        }
    }
    return 0;
}

#endif
