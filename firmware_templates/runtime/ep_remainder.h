/* SPDX-License-Identifier: MIT-0 */
/* Rounding and remainders of floats, exact and the same with every compiler. */
#ifndef EP_REMAINDER_H
#define EP_REMAINDER_H

#include "ep_math.h"

/// The bits of a float.
static inline uint32_t ep_bits(float value)
{
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

/// The next integer towards zero, with x's sign; a NaN stays.
static inline float ep_truncate(float x)
{
    const uint32_t bits = ep_bits(x);
    const uint32_t exponent = (bits >> 23) & 255U;
    if (exponent >= 150U) { /* no fraction is left; a NaN is made quiet */
        return (x != x) ? x + x : x;
    }
    const uint32_t fraction = (exponent < 127U) ? 0x7FFFFFFFU : (0x7FFFFFU >> (exponent - 127U));
    return ep_from_bits(bits & ~fraction);
}

/// The next integer downwards; -0 stays.
static inline float ep_floor(float x)
{
    const float whole = ep_truncate(x);
    return (whole > x) ? whole - 1.0F : whole;
}

/// The next integer upwards, with x's sign.
static inline float ep_ceil(float x)
{
    return -ep_floor(-x);
}

/// a - n * b for the whole n towards zero of a / b, exact, with a's sign. A NaN where b is 0 or a
/// is infinite. One subtraction and shift a bit of the quotient.
static inline float ep_remainder(float a, float b)
{
    const uint32_t sign = ep_bits(a) & 0x80000000U;
    uint32_t one = ep_bits(a) & 0x7FFFFFFFU;
    uint32_t two = ep_bits(b) & 0x7FFFFFFFU;
    if (two == 0U || one >= 0x7F800000U || two > 0x7F800000U) {
        return (a * b) / (a * b);
    }
    if (one < two) {
        return a;
    }
    int32_t exponent = (one < 0x800000U) ? 1 : (int32_t)(one >> 23);
    const int32_t least = (two < 0x800000U) ? 1 : (int32_t)(two >> 23);
    one = (one < 0x800000U) ? one : ((one & 0x7FFFFFU) | 0x800000U);
    two = (two < 0x800000U) ? two : ((two & 0x7FFFFFU) | 0x800000U);
    one = (one >= two) ? one % two : one;
    for (; exponent > least; exponent--) {
        one = one * 2U;
        one = (one >= two) ? one - two : one;
    }
    if (one == 0U) {
        return ep_from_bits(sign);
    }
    while (one < 0x800000U && exponent > 1) {
        one <<= 1;
        exponent--;
    }
    const uint32_t bits = (one < 0x800000U) ? one : ((one & 0x7FFFFFU) | ((uint32_t)exponent << 23));
    return ep_from_bits(sign | bits);
}

/// The remainder of a floored division, as TFLite's FloorMod.
static inline float ep_floor_modulo(float a, float b)
{
    const float rest = ep_remainder(a, b);
    return (rest != 0.0F && (rest < 0.0F) != (b < 0.0F)) ? rest + b : rest;
}

/// floor(a / b) of the quotient in double precision, as TFLite's FloorDiv.
static inline float ep_floor_quotient(float a, float b)
{
    const double quotient = (double)a / (double)b;
    if (!(quotient > -0x1p62 && quotient < 0x1p62)) {
        return (float)quotient;
    }
    const int64_t whole = (int64_t)quotient;
    if (whole == 0 && quotient >= 0.0) {
        return (quotient == 0.0) ? (float)quotient : 0.0F;
    }
    return (float)(whole - (((double)whole > quotient) ? 1 : 0));
}

#endif
