/* SPDX-License-Identifier: MIT-0 */
/* A reciprocal and a logarithm in gemmlowp's fixed point: products are ep_high_mul. */
#ifndef EP_FIXED_LOG_H
#define EP_FIXED_LOG_H

#include "ep_fixed.h"

/// value * 2^exponent, saturated.
static inline int32_t ep_saturating_left(int32_t value, uint32_t exponent)
{
    const int32_t limit = (int32_t)((1UL << (31U - exponent)) - 1UL);
    if (value > limit) {
        return INT32_MAX;
    }
    return (value < -limit) ? INT32_MIN : (int32_t)((uint32_t)value << exponent);
}

/// (a + b) / 2 rounded to the nearest, halves away from zero.
static inline int32_t ep_half_sum(int32_t a, int32_t b)
{
    const int64_t sum = (int64_t)a + b;
    return (int32_t)((sum + ((sum >= 0) ? 1 : -1)) / 2);
}

/// 1 / (1 + a) for a in [0, 1), both Q0.31, by Newton's method on half of 1 + a.
static inline int32_t ep_reciprocal(int32_t a)
{
    const int32_t half = ep_half_sum(a, INT32_MAX);
    int32_t x = 1515870810 + ep_high_mul(half, -1010580540); /* 48/17 - 32/17 * half, Q2.29 */
    for (int32_t i = 0; i < 3; i++) {
        const int32_t error = (1 << 29) - ep_high_mul(half, x);
        x += ep_saturating_left(ep_high_mul(x, error), 2);
    }
    return ep_saturating_left(x, 1);
}

/// Zeros above the first bit; value above 0.
static inline int32_t ep_leading_zeros(int32_t value)
{
    int32_t count = 0;
    for (uint32_t rest = (uint32_t)value; (rest >> 31) == 0U; rest <<= 1) {
        count++;
    }
    return count;
}

/// ln of z >= 1 in Q12.19, as Q5.26. z is 2^n times a number r near 2^(-1/4), found twice, by z and
/// by z * sqrt(1/2), of which the smaller r is taken; ln r is a quotient of polynomials.
static inline int32_t ep_fixed_log(int32_t z)
{
    const int32_t sqrt_half = 1518500250;
    const int32_t fourth_root = 1805811301; /* of 1/2 */
    const int32_t zeros_a = ep_leading_zeros(z);
    const int32_t tall = (int32_t)((uint32_t)z << (uint32_t)(zeros_a - 1));
    const int32_t r_a = ep_saturating_left(ep_high_mul(tall, sqrt_half), 1);
    const int32_t power_a = (12 - zeros_a) * (1 << 25) + (1 << 23);
    const int32_t zeros_b = ep_leading_zeros(ep_high_mul(z, sqrt_half)) - 1;
    const int32_t r_b = ep_saturating_left(z, (uint32_t)zeros_b);
    const int32_t power_b = (12 - zeros_b) * (1 << 25) - (1 << 23);
    const int32_t r = (r_a < r_b) ? r_a : r_b;
    const int32_t power = (power_a > power_b) ? power_a : power_b;
    const int32_t p = ep_half_sum(r, fourth_root);
    const int32_t q = (r - fourth_root) * 2;
    const int32_t square = ep_high_mul(q, q);
    const int32_t above = ep_high_mul(q, r) + ep_high_mul(ep_high_mul(q, square), 117049297);
    const int32_t inner = 1057819769 + q + ep_high_mul(127690142, square);
    const int32_t below = ep_high_mul(p, inner) + ep_high_mul(638450708, q);
    const int32_t quotient = ep_high_mul(ep_rounding_shift(above, 6), ep_reciprocal(below));
    return ep_saturating_left(ep_high_mul(power, 1488522236) + quotient, 1);
}

#endif
