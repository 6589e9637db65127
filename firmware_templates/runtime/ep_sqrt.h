/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_SQRT_H
#define EP_SQRT_H

#include "ep_remainder.h"

/// The square root, correctly rounded, a NaN below 0.
static inline float ep_sqrt(float x)
{
#if defined(__ARM_FP) && (__ARM_FP & 4)
    float root;
    __asm__("vsqrt.f32 %0, %1" : "=t"(root) : "t"(x));
    return root;
#else
    uint32_t bits = ep_bits(x);
    if (x != x || x == 0.0F || bits == 0x7F800000U) {
        return x;
    }
    if ((bits >> 31) != 0U) {
        return (x - x) / (x - x);
    }
    int32_t exponent = (int32_t)(bits >> 23) - 127;
    uint32_t fraction = (bits & 0x7FFFFFU) | 0x800000U;
    if (exponent == -127) {
        fraction = bits;
        for (exponent = -126; fraction < 0x800000U; exponent--) {
            fraction <<= 1;
        }
    }
    const uint64_t square = (uint64_t)fraction << (((exponent & 1) != 0) ? 26 : 25);
    uint32_t root = 0; /* 25 bits, the last one to round by: a tie cannot be */
    for (uint32_t bit = 1UL << 24; bit != 0U; bit >>= 1) {
        const uint32_t larger = root | bit;
        root = ((uint64_t)larger * larger <= square) ? larger : root;
    }
    const uint32_t rounded = (root + 1U) >> 1;
    return ep_from_bits((uint32_t)((exponent >> 1) + 126) * 0x800000U + rounded);
#endif
}

#endif
