/* SPDX-License-Identifier: MIT-0 */
#include "ep_weighted_sum_s8.h"

#include "ep_limit_s8.h"

void ep_weighted_sum_s8(const ep_weighted_t* p, int32_t low, int32_t high, const int8_t* a,
                        const int8_t* b, int8_t* y)
{
    ep_weighted(p, a, b, y);
    ep_limit_s8(y, p->count, low, high);
}
