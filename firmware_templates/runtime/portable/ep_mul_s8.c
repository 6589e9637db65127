/* SPDX-License-Identifier: MIT-0 */
#include "ep_mul_s8.h"

#include "ep_pairwise.h"
#include "ep_rescale.h"

static inline int8_t element(const ep_mul_s8_t* p, int32_t a, int32_t b)
{
    const int32_t value = (a - p->zero_a) * (b - p->zero_b) * (1 << p->left);
    const int32_t high = ep_high_word(value, p->mantissa) + ((value >> 31) & p->below);
    return (int8_t)ep_clamp(((high + p->nudge) >> p->shift) + p->zero, p->low, p->high);
}

EP_PAIRWISE_DEFINE(ep_mul_s8, ep_mul_broadcast_s8, ep_mul_s8_t, int8_t, element);
