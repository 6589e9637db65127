/* SPDX-License-Identifier: MIT-0 */
#include "ep_pow.h"

#include "ep_binary.h"
#include "ep_remainder.h"

static double from_bits(uint64_t bits)
{
    double value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

/// ln x for finite x above 0: x = 2^n * m with m in [0.70, 1.42), ln m = 2 * artanh((m-1) / (m+1)).
static double logarithm(float x)
{
    const double wide = x;
    uint64_t bits;
    __builtin_memcpy(&bits, &wide, sizeof bits);
    const int32_t n = (int32_t)((bits - 0x3FE6A00000000000ULL) >> 52) -
                      ((bits < 0x3FE6A00000000000ULL) ? 4096 : 0);
    const double m = from_bits(bits - ((uint64_t)(int64_t)n << 52));
    const double s = (m - 1.0) / (m + 1.0);
    const double z = s * s;
    double sum = 1.0 / 15.0;
    sum = sum * z + 1.0 / 13.0;
    sum = sum * z + 1.0 / 11.0;
    sum = sum * z + 1.0 / 9.0;
    sum = sum * z + 1.0 / 7.0;
    sum = sum * z + 1.0 / 5.0;
    sum = sum * z + 1.0 / 3.0;
    return (double)n * 0.69314718055994530942 + 2.0 * (s + s * z * sum);
}

/// e^x for |x| < 200: x = n * ln 2 + r with |r| < 0.35.
static double exponential(double x)
{
    const int32_t n = (int32_t)(x * 1.4426950408889634 + ((x < 0.0) ? -0.5 : 0.5));
    const double r = x - (double)n * 0.69314718055994530942;
    double sum = 1.0 / 3628800.0;
    sum = sum * r + 1.0 / 362880.0;
    sum = sum * r + 1.0 / 40320.0;
    sum = sum * r + 1.0 / 5040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    sum = sum * r + 1.0;
    sum = sum * r + 1.0;
    return sum * from_bits((uint64_t)(int64_t)(1023 + n) << 52);
}

static float power(float base, float exponent)
{
    if (exponent == 0.0F || base == 1.0F) {
        return 1.0F;
    }
    if (base != base || exponent != exponent) {
        return base + exponent;
    }
    const float infinite = ep_from_bits(0x7F800000U);
    const float size = ep_from_bits(ep_bits(base) & 0x7FFFFFFFU);
    const float reach = ep_from_bits(ep_bits(exponent) & 0x7FFFFFFFU);
    if (reach == infinite) {
        if (size == 1.0F) {
            return 1.0F;
        }
        return ((size > 1.0F) == (exponent > 0.0F)) ? infinite : 0.0F;
    }
    const bool whole = ep_truncate(exponent) == exponent;
    const bool odd = whole && reach < 0x1p24F && ep_remainder(reach, 2.0F) == 1.0F;
    const bool negative = odd && (ep_bits(base) >> 31) != 0U;
    float result;
    if (size == 0.0F || size == infinite) {
        result = ((size == 0.0F) == (exponent > 0.0F)) ? 0.0F : infinite;
    } else if (base < 0.0F && !whole) {
        return (base - base) / (base - base);
    } else {
        const double product = (double)exponent * logarithm(size);
        if (product > 89.0) {
            result = infinite;
        } else if (product < -104.0) {
            result = 0.0F;
        } else {
            result = (float)exponential(product);
        }
    }
    return negative ? -result : result;
}

EP_BINARY(ep_pow_f32, float, float, power(one, two))
