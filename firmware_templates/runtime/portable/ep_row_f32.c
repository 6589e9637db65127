/* SPDX-License-Identifier: MIT-0 */
#include "ep_row_f32.h"

/* One value and its four weights, which lie interleaved. */
#define TAP(k)                                                                                     \
    do {                                                                                           \
        const float value = x[k];                                                                  \
        a += value * w[4 * (k)];                                                                   \
        b += value * w[4 * (k) + 1];                                                               \
        c += value * w[4 * (k) + 2];                                                               \
        d += value * w[4 * (k) + 3];                                                               \
    } while (0)

/// Four sums, in the order of the depths.
static void sum_four(const float* x, const float* w, int32_t depth, float* sums)
{
    float a = 0.0f;
    float b = 0.0f;
    float c = 0.0f;
    float d = 0.0f;
    const float* const end = x + depth;
    const float* const whole = x + (depth & ~3);
    while (x != whole) {
        TAP(0);
        TAP(1);
        TAP(2);
        TAP(3);
        x += 4;
        w += 16;
    }
    while (x != end) {
        TAP(0);
        x++;
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
