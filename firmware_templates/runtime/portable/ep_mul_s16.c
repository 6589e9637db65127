/* SPDX-License-Identifier: MIT-0 */
#include "ep_mul_s16.h"

#include "ep_fixed.h"

static inline int16_t product(const ep_mul_s16_t* p, int32_t a, int32_t b)
{
    const int32_t raw = (a - p->zero_a) * (b - p->zero_b);
    const int32_t value = ep_requantize(raw, p->mantissa, p->shift);
    return (int16_t)ep_clamp(ep_clamp(value, -(1 << 24), 1 << 24) + p->zero, p->low, p->high);
}

EP_PAIRWISE_DEFINE(ep_mul_s16, ep_mul_broadcast_s16, ep_mul_s16_t, int16_t, product);
