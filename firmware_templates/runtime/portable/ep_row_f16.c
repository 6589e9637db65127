/* SPDX-License-Identifier: MIT-0 */
#include "ep_row_f16.h"

/// A finite half's value: its bits as a float's are 2^112 times too small, subnormal ones too.
static inline float from_half(uint16_t half)
{
    const uint32_t bits = ((uint32_t)(int16_t)half << 13) & 0x8FFFE000U;
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value * 0x1p112f;
}

/// Four sums, whose weights lie interleaved.
static void sum_four(const float* x, const uint16_t* w, int32_t depth, float* sums)
{
    float a = 0.0f;
    float b = 0.0f;
    float c = 0.0f;
    float d = 0.0f;
    for (const float* const end = x + depth; x != end; x++) {
        const float value = *x;
        a += value * from_half(w[0]);
        b += value * from_half(w[1]);
        c += value * from_half(w[2]);
        d += value * from_half(w[3]);
        w += 4;
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

static void sum_one(const float* x, const uint16_t* w, int32_t depth, float* sums)
{
    float sum = 0.0f;
    for (const float* const end = x + depth; x != end; x++) {
        sum += *x * from_half(*w++);
    }
    *sums = sum;
}

void ep_row_f16(const float* x, const uint16_t* w, const float* bias, int32_t depth,
                int32_t outputs, ep_range_f32_t range, float* y)
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
