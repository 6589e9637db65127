/* SPDX-License-Identifier: MIT-0 */
#include "ep_row_f32.h"

/// Four sums, whose weights lie interleaved.
static void sum_four(const float* x, const float* w, int32_t depth, float* sums)
{
    float a = 0.0f;
    float b = 0.0f;
    float c = 0.0f;
    float d = 0.0f;
    for (const float* const end = x + depth; x != end; x++) {
        const float value = *x;
        a += value * w[0];
        b += value * w[1];
        c += value * w[2];
        d += value * w[3];
        w += 4;
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

static void sum_one(const float* x, const float* w, int32_t depth, float* sums)
{
    float sum = 0.0f;
    for (const float* const end = x + depth; x != end; x++) {
        sum += *x * *w++;
    }
    *sums = sum;
}

void ep_row_f32(const float* x, const float* w, const float* bias, int32_t depth, int32_t outputs,
                ep_range_f32_t range, float* y)
{
    int32_t count = 0;
    for (int32_t left = outputs; left > 0; left -= count) {
        float sums[4];
        if (left >= 4) {
            sum_four(x, w, depth, sums);
            count = 4;
        } else {
            sum_one(x, w, depth, sums);
            count = 1;
        }
        w += count * depth;
        for (int32_t i = 0; i < count; i++) {
            *y++ = ep_clamp_f32(sums[i] + *bias++, range.low, range.high);
        }
    }
}
