/* SPDX-License-Identifier: MIT-0 */
#include "ep_curves_s16.h"

#include "ep_fixed.h"

/// a * b / 2^15 as gemmlowp rounds it: to the nearest, halves upwards, which its division of a
/// nudged product comes to for both signs. Both are never -2^15.
static inline int32_t times(int32_t a, int32_t b)
{
    return (a * b + (1 << 14)) >> 15;
}

static int32_t saturate(int32_t value)
{
    return ep_clamp(value, INT16_MIN, INT16_MAX);
}

/// exp(x) * 2^15 for x in [-1/4, 0), which comes times 2^15: a series around -1/8.
static int32_t exp_near_zero(int32_t x)
{
    const int32_t middle = 28918; /* exp(-1/8) */
    const int32_t third = 10923;  /* 1/3 */
    const int32_t x1 = x + (1 << 12);
    const int32_t x2 = times(x1, x1);
    const int32_t x3 = times(x2, x1);
    const int32_t x4_over_4 = ep_rounding_shift(times(x2, x2), 2);
    const int32_t tail = ep_rounding_shift(times(x4_over_4 + x3, third) + x2, 1);
    return saturate(middle + times(middle, x1 + tail));
}

/// exp(x / 2^(15 - bits)) * 2^15 for x <= 0.
static int32_t exp_negative(int32_t x, int32_t bits)
{
    static const int16_t powers[7] = {25520, 19875, 12055, 4435, 600, 11, 0}; /* exp(-2^(n - 2)) */
    const int32_t quarter = 1 << (13 - bits);
    const int32_t inside = (x & (quarter - 1)) - quarter;
    const int32_t rest = inside - x;
    int32_t result = exp_near_zero(inside * (1 << bits));
    for (int32_t n = 0; n < bits + 2; n++) {
        if ((rest & (quarter << n)) != 0) {
            result = times(result, powers[n]);
        }
    }
    if (bits > 5 && x < -(1 << (20 - bits))) {
        result = 0;
    }
    return (x == 0) ? INT16_MAX : result;
}

/// 2 / (1 + x / 2^15) * 2^13 by Newton's division, x in [0, 2^15).
static int32_t reciprocal(int32_t x)
{
    const int32_t half = (x + INT16_MAX + 1) / 2;
    int32_t guess = 23130 + times(half, -15420);
    for (int32_t i = 0; i < 3; i++) {
        guess += saturate(times(guess, 8192 - times(half, guess)) * 4);
    }
    return guess;
}

int16_t ep_curve_logistic(int16_t x)
{
    if (x == 0) {
        return 1 << 14;
    }
    const int32_t y = saturate(reciprocal(exp_negative((x > 0) ? -x : x, 3)) * 2);
    return (int16_t)((x > 0) ? y : (INT16_MAX - y));
}

int16_t ep_curve_tanh(int16_t x, int32_t bits)
{
    if (x == 0) {
        return 0;
    }
    const int32_t y = saturate((reciprocal(exp_negative((x > 0) ? -x : x, bits + 1)) - 8192) * 4);
    return (int16_t)((x > 0) ? y : -y);
}
