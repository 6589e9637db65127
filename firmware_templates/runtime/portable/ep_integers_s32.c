/* SPDX-License-Identifier: MIT-0 */
#include "ep_integers_s32.h"

static inline int32_t clamped(const ep_range_s32_t* p, uint32_t value)
{
    const int32_t number = (int32_t)value;
    if (number < p->low) {
        return p->low;
    }
    return (number > p->high) ? p->high : number;
}

static inline int32_t sum(const ep_range_s32_t* p, int32_t a, int32_t b)
{
    return clamped(p, (uint32_t)a + (uint32_t)b);
}

static inline int32_t difference(const ep_range_s32_t* p, int32_t a, int32_t b)
{
    return clamped(p, (uint32_t)a - (uint32_t)b);
}

static inline int32_t product(const ep_range_s32_t* p, int32_t a, int32_t b)
{
    return clamped(p, (uint32_t)a * (uint32_t)b);
}

EP_PAIRWISE_DEFINE(ep_add_s32, ep_add_broadcast_s32, ep_range_s32_t, int32_t, sum);
EP_PAIRWISE_DEFINE(ep_sub_s32, ep_sub_broadcast_s32, ep_range_s32_t, int32_t, difference);
EP_PAIRWISE_DEFINE(ep_mul_s32, ep_mul_broadcast_s32, ep_range_s32_t, int32_t, product);
