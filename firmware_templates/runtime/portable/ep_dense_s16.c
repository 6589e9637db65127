/* SPDX-License-Identifier: MIT-0 */
#include "ep_dense_s16.h"

#include "ep_dense_body_s16.h"

static inline int32_t scaled(int64_t sum, uint32_t high, uint32_t low, int32_t split, int32_t shift)
{
    const uint64_t size = (uint64_t)((sum < 0) ? -sum : sum);
    const uint64_t product = size * high + ((size * low) >> split);
    const uint64_t value = (product + ((uint64_t)1 << (shift - 1))) >> shift;
    const int32_t limited = (value > 0x10000U) ? 0x10000 : (int32_t)value;
    return (sum < 0) ? -limited : limited;
}

void ep_dense_s16(const ep_dense_s16_t* p, const int16_t* x, const int8_t* w, const int64_t* bias,
                  const uint32_t* highs, const uint32_t* lows, const int8_t* shifts, int16_t* y)
{
    ep_dense_body_s16(p, scaled, x, w, bias, highs, lows, shifts, y);
}
