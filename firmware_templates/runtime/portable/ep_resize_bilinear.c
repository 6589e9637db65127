/* SPDX-License-Identifier: MIT-0 */
#include "ep_resize_bilinear.h"

/* A sum, which wide_t holds, is divided by 2^20, halves away from zero: as a shift, with one less
 * where it is not positive. LESS: 1 there, else 0. */
#define RESIZE_INTEGERS(NAME, TYPE, wide_t, LESS)                                                  \
    void NAME(const ep_resize_t* p, const uint32_t* places, const int32_t* shares, const TYPE* x,  \
              TYPE* y)                                                                             \
    {                                                                                              \
        const uint32_t* columns = &places[2U * p->height];                                         \
        const uint32_t channels = p->channels;                                                     \
        for (uint32_t batch = 0; batch < p->batches; batch++) {                                    \
            for (uint32_t h = 0; h < p->height; h++) {                                             \
                const int32_t down = shares[h];                                                    \
                for (uint32_t w = 0; w < p->width; w++) {                                          \
                    const TYPE* a = &x[places[2U * h] + columns[2U * w]];                          \
                    const TYPE* b = &x[places[2U * h + 1U] + columns[2U * w]];                     \
                    const TYPE* c = &x[places[2U * h] + columns[2U * w + 1U]];                     \
                    const TYPE* d = &x[places[2U * h + 1U] + columns[2U * w + 1U]];                \
                    const int32_t over = shares[p->height + w];                                    \
                    const int32_t of_a = (1024 - down) * (1024 - over); /* |share| <= 1536 */      \
                    const int32_t of_b = down * (1024 - over);                                     \
                    const int32_t of_c = (1024 - down) * over;                                     \
                    const int32_t of_d = down * over;                                              \
                    for (uint32_t i = 0; i < channels; i++) {                                      \
                        const wide_t sum = (wide_t)a[i] * of_a + (wide_t)b[i] * of_b               \
                                           + (wide_t)c[i] * of_c + (wide_t)d[i] * of_d;            \
                        y[i] = (TYPE)((sum + (1 << 19) - (LESS)) >> 20);                           \
                    }                                                                              \
                    y += channels;                                                                 \
                }                                                                                  \
            }                                                                                      \
            x += p->image;                                                                         \
        }                                                                                          \
    }

/* RESULT: the element of `sum`. */
#define RESIZE_FLOAT(NAME, TYPE, RESULT)                                                           \
    void NAME(const ep_resize_t* p, const uint32_t* places, const float* shares, const TYPE* x,    \
              TYPE* y)                                                                             \
    {                                                                                              \
        const uint32_t* columns = &places[2U * p->height];                                         \
        const float* over = &shares[2U * p->height];                                               \
        for (uint32_t batch = 0; batch < p->batches; batch++) {                                    \
            for (uint32_t h = 0; h < p->height; h++) {                                             \
                const TYPE* upper = &x[places[2U * h]];                                            \
                const TYPE* lower = &x[places[2U * h + 1U]];                                       \
                const float* down = &shares[2U * h];                                               \
                for (uint32_t w = 0; w < p->width; w++) {                                          \
                    const TYPE* a = &upper[columns[2U * w]];                                       \
                    const TYPE* b = &lower[columns[2U * w]];                                       \
                    const TYPE* c = &upper[columns[2U * w + 1U]];                                  \
                    const TYPE* d = &lower[columns[2U * w + 1U]];                                  \
                    for (uint32_t i = 0; i < p->channels; i++) {                                   \
                        const float sum = (float)a[i] * down[0] * over[2U * w]                     \
                                          + (float)b[i] * down[1] * over[2U * w]                   \
                                          + (float)c[i] * down[0] * over[2U * w + 1U]              \
                                          + (float)d[i] * down[1] * over[2U * w + 1U];             \
                        *y = RESULT;                                                               \
                        y++;                                                                       \
                    }                                                                              \
                }                                                                                  \
            }                                                                                      \
            x += p->image;                                                                         \
        }                                                                                          \
    }

RESIZE_INTEGERS(ep_resize_bilinear_s8, int8_t, int32_t, -((sum - 1) >> 31))
RESIZE_INTEGERS(ep_resize_bilinear_s16, int16_t, int64_t, (sum > 0) ? 0 : 1)
RESIZE_FLOAT(ep_resize_bilinear_u8, uint8_t, (uint8_t)(int32_t)(sum + 0.5F))
RESIZE_FLOAT(ep_resize_bilinear_f32, float, sum + 0.0F)
