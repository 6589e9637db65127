/* SPDX-License-Identifier: MIT-0 */
#include "ep_integers_s64.h"

static inline int64_t clamped(const ep_range_s64_t* p, uint64_t value)
{
    const int64_t number = (int64_t)value;
    if (number < p->low) {
        return p->low;
    }
    return (number > p->high) ? p->high : number;
}

static inline int64_t sum(const ep_range_s64_t* p, int64_t a, int64_t b)
{
    return clamped(p, (uint64_t)a + (uint64_t)b);
}

static inline int64_t difference(const ep_range_s64_t* p, int64_t a, int64_t b)
{
    return clamped(p, (uint64_t)a - (uint64_t)b);
}

static inline int64_t product(const ep_range_s64_t* p, int64_t a, int64_t b)
{
    return clamped(p, (uint64_t)a * (uint64_t)b);
}

EP_PAIRWISE_DEFINE(ep_add_s64, ep_add_broadcast_s64, ep_range_s64_t, int64_t, sum);
EP_PAIRWISE_DEFINE(ep_sub_s64, ep_sub_broadcast_s64, ep_range_s64_t, int64_t, difference);
EP_PAIRWISE_DEFINE(ep_mul_s64, ep_mul_broadcast_s64, ep_range_s64_t, int64_t, product);
