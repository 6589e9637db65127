/* SPDX-License-Identifier: MIT-0 */
/* Half precision as bits, without a type of the compiler's. */
#ifndef EP_HALF_H
#define EP_HALF_H

#include <stdint.h>

/// The value of a half, exact; a NaN stays one.
static inline float ep_from_half(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000U) << 16;
    uint32_t exponent = (half >> 10) & 31U;
    uint32_t fraction = half & 1023U;
    uint32_t bits = 0;
    if (exponent == 31U) {
        bits = 0x7F800000U | (fraction << 13);
    } else if (exponent != 0U) {
        bits = ((exponent + 112U) << 23) | (fraction << 13);
    } else if (fraction != 0U) {
        exponent = 113U;
        while ((fraction & 1024U) == 0U) {
            fraction <<= 1;
            exponent--;
        }
        bits = (exponent << 23) | ((fraction & 1023U) << 13);
    }
    bits |= sign;
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

/// The nearest half, ties to even; beyond its range infinite, a NaN a quiet one.
static inline uint16_t ep_to_half(float value)
{
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    const uint32_t sign = (bits >> 16) & 0x8000U;
    const uint32_t size = bits & 0x7FFFFFFFU;
    if (size > 0x7F800000U) {
        return (uint16_t)(sign | 0x7E00U);
    }
    if (size >= 0x477FF000U) {
        return (uint16_t)(sign | 0x7C00U);
    }
    if (size >= 0x38800000U) { /* normal: the carry may run into the exponent */
        const uint32_t odd = (size >> 13) & 1U;
        return (uint16_t)(sign | ((size - 0x38000000U + 0xFFFU + odd) >> 13));
    }
    if (size <= 0x33000000U) { /* at most half of the smallest */
        return (uint16_t)sign;
    }
    const uint32_t shift = 126U - (size >> 23);
    const uint32_t fraction = (size & 0x7FFFFFU) | 0x800000U;
    const uint32_t kept = fraction >> shift;
    const uint32_t rest = fraction & ((1U << shift) - 1U);
    const uint32_t half = 1U << (shift - 1U);
    return (uint16_t)(sign | (kept + ((rest > half || (rest == half && (kept & 1U) != 0U)) ? 1U : 0U)));
}

#endif
