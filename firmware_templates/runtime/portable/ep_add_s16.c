/* SPDX-License-Identifier: MIT-0 */
#include "ep_add_s16.h"

#include "ep_fixed.h"

static inline int16_t sum(const ep_add_s16_t* p, int32_t a, int32_t b)
{
    const int32_t operand = ep_high_mul((b - p->zero_b) * (1 << 15), p->mantissa_b);
    const int32_t total =
        (a - p->zero_a) * p->factor_a + ep_rounding_shift(operand, (uint32_t)p->shift_b);
    const int32_t value = ep_rounding_shift(ep_high_mul(total, p->mantissa), (uint32_t)p->shift);
    return (int16_t)ep_clamp(ep_clamp(value, -(1 << 24), 1 << 24) + p->zero, p->low, p->high);
}

static inline int16_t shifted(const ep_add_shifted_s16_t* p, int32_t a, int32_t b)
{
    const int32_t one = ep_rounding_shift(a, (uint32_t)p->shift_a);
    const int32_t two = ep_rounding_shift(b, (uint32_t)p->shift_b);
    return (int16_t)ep_clamp(one + two * p->sign_b, p->low, p->high);
}

EP_PAIRWISE_DEFINE(ep_add_s16, ep_add_broadcast_s16, ep_add_s16_t, int16_t, sum);
EP_PAIRWISE_DEFINE(ep_add_shifted_s16, ep_add_shifted_broadcast_s16, ep_add_shifted_s16_t, int16_t,
                   shifted);
