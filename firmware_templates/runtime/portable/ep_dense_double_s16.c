/* SPDX-License-Identifier: MIT-0 */
#include "ep_dense_double_s16.h"

#include "ep_dense_body_s16.h"
#include "ep_double.h"

static inline int32_t scaled(int64_t sum, uint32_t high, uint32_t low, int32_t split, int32_t shift)
{
    (void)split;
    return ep_double_scale(sum, high, low, shift);
}

void ep_dense_double_s16(const ep_dense_s16_t* p, const int16_t* x, const int8_t* w,
                         const int64_t* bias, const uint32_t* highs, const uint32_t* lows,
                         const int8_t* shifts, int16_t* y)
{
    ep_dense_body_s16(p, scaled, x, w, bias, highs, lows, shifts, y);
}
