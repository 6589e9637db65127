/* SPDX-License-Identifier: MIT-0 */
#include "ep_row_four_f32.h"

#include "ep_tile_f32.h"

static float sum_one(const float* x, const float* w, int32_t depth)
{
    float sum = 0.0f;
    for (const float* const end = x + depth; x != end; x++) {
        sum += *x * *w++;
    }
    return sum;
}

void ep_row_four_f32(const float* x, const float* w, const float* bias, int32_t depth, int32_t outputs,
                ep_range_f32_t range, float* y)
{
    int32_t left = outputs;
    for (; left >= 4; left -= 4) {
        float sums[4];
        ep_four_f32(x, w, depth, sums);
        w += 4 * depth;
        for (int32_t i = 0; i < 4; i++) {
            *y++ = ep_clamp_f32(sums[i] + *bias++, range.low, range.high);
        }
    }
    for (; left > 0; left--) {
        *y++ = ep_clamp_f32(sum_one(x, w, depth) + *bias++, range.low, range.high);
        w += depth;
    }
}
