/* SPDX-License-Identifier: MIT-0 */
/* One element of a quantised sum or difference. */
#ifndef EP_SUM_S8_H
#define EP_SUM_S8_H

#include "ep_rescale.h"

/// One of the two operands has the larger scale, whose multiplier is exactly a half: the other one
/// alone, b, is rescaled. Where b's scale is the same, its half is written as a left shift.
typedef struct {
    int32_t mantissa_b;
    int32_t mantissa; /* of the output */
    int32_t factor_a; /* 2^19, or -2^19 */
    int32_t offset;   /* -factor_a * zero point of a */
    int32_t nudge_b;  /* 1 + 2^(its right shift) */
    int32_t nudge;
    int16_t zero_b; /* zero point of b */
    int16_t zero;   /* zero point of y */
    int8_t left_b;  /* bits, 22 or 23 */
    int8_t shift_b; /* its right shift + 1, 2 to 30 */
    int8_t shift;
    int8_t low; /* the activation's range */
    int8_t high;
} ep_sum_s8_t;

/// value / 4 * mantissa / 2^31 / 2^(shift - 1) with TFLite's two roundings; nudge is
/// 1 + 2^(shift - 1), |value * mantissa / 2^32| < 2^30.
static inline int32_t
ep_sum_round(int32_t value, int32_t mantissa, int32_t nudge, int32_t shift)
{
    const int32_t high = ep_high_word(value, mantissa) + (value >> 31) * 2;
    return (high + nudge) >> shift;
}

/// The operand b, rescaled.
static inline int32_t ep_sum_operand(const ep_sum_s8_t* p, int32_t b)
{
    const int32_t value = (b - p->zero_b) * (1 << p->left_b);
    return ep_sum_round(value, p->mantissa_b, p->nudge_b, p->shift_b);
}

/// The sum of both operands as an int8.
static inline int8_t ep_sum_result(const ep_sum_s8_t* p, int32_t sum)
{
    const int32_t value = ep_sum_round(sum * 4, p->mantissa, p->nudge, p->shift) + p->zero;
    return (int8_t)ep_clamp(value, p->low, p->high);
}

#endif
