/* SPDX-License-Identifier: MIT-0 */
#include "ep_features.h"

void ep_cosine_s16(uint32_t count, uint32_t channels, const int16_t* table, const int16_t* x,
                   int16_t* y)
{
    for (; count > 0U; count--) {
        int64_t sum = 1 << 13;
        for (uint32_t i = 0; i < channels; i++) {
            sum += *table++ * x[i];
        }
        sum >>= 14;
        *y++ = (int16_t)(sum < -32768 ? -32768 : sum > 32767 ? 32767 : sum);
    }
}

static inline int32_t stored(const ep_feature_t* p, int16_t x)
{
    const int64_t product = (int64_t)x * p->mantissa + ((int64_t)1 << (p->shift - 1));
    const int64_t value = (product >> p->shift) + p->zero;
    return (int32_t)(value < p->low ? p->low : value > p->high ? p->high : value);
}

void ep_feature_s8(const ep_feature_t* p, uint32_t count, const int16_t* x, int8_t* y)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = (int8_t)stored(p, x[i]);
    }
}

void ep_feature_u8(const ep_feature_t* p, uint32_t count, const int16_t* x, uint8_t* y)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = (uint8_t)stored(p, x[i]);
    }
}

void ep_feature_s16(const ep_feature_t* p, uint32_t count, const int16_t* x, int16_t* y)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = (int16_t)stored(p, x[i]);
    }
}

void ep_feature_f32(float scale, uint32_t count, const int16_t* x, float* y)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = (float)x[i] * scale;
    }
}

void ep_sliding(uint32_t size, uint32_t fresh, uint8_t* kept, const void* x, void* y)
{
    const uint8_t* from = (const uint8_t*)x;
    uint8_t* to = (uint8_t*)y;
    for (uint32_t i = 0; i < size; i++) {
        kept[i] = i + fresh < size ? kept[i + fresh] : from[i + fresh - size];
        to[i] = kept[i];
    }
}

void ep_every(uint32_t stride, uint32_t* count, bool* y)
{
    *count += 1U;
    *y = *count == stride;
    if (*y) {
        *count = 0U;
    }
}
