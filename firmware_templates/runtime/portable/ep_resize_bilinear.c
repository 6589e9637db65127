/* SPDX-License-Identifier: MIT-0 */
#include "ep_resize_bilinear.h"

/* A sum is divided by 2^20, halves away from zero: as a shift, with one less where it is not
 * positive. */

void ep_resize_bilinear_s8(const ep_resize_t* p, const uint32_t* places, const int32_t* shares,
                           const int8_t* x, int8_t* y)
{
    const uint32_t* columns = &places[2U * p->height];
    const uint32_t channels = p->channels;
    for (uint32_t batch = 0; batch < p->batches; batch++) {
        for (uint32_t h = 0; h < p->height; h++) {
            const int32_t down = shares[h];
            for (uint32_t w = 0; w < p->width; w++) {
                const int8_t* a = &x[places[2U * h] + columns[2U * w]];
                const int8_t* b = &x[places[2U * h + 1U] + columns[2U * w]];
                const int8_t* c = &x[places[2U * h] + columns[2U * w + 1U]];
                const int8_t* d = &x[places[2U * h + 1U] + columns[2U * w + 1U]];
                const int32_t over = shares[p->height + w];
                const int32_t of_a = (1024 - down) * (1024 - over); /* |share| <= 1536 */
                const int32_t of_b = down * (1024 - over);
                const int32_t of_c = (1024 - down) * over;
                const int32_t of_d = down * over;
                for (uint32_t i = 0; i < channels; i++) {
                    const int32_t sum = a[i] * of_a + b[i] * of_b + c[i] * of_c + d[i] * of_d;
                    y[i] = (int8_t)((sum + (1 << 19) + ((sum - 1) >> 31)) >> 20);
                }
                y += channels;
            }
        }
        x += p->image;
    }
}

void ep_resize_bilinear_s16(const ep_resize_t* p, const uint32_t* places, const int32_t* shares,
                            const int16_t* x, int16_t* y)
{
    const uint32_t* columns = &places[2U * p->height];
    const uint32_t channels = p->channels;
    for (uint32_t batch = 0; batch < p->batches; batch++) {
        for (uint32_t h = 0; h < p->height; h++) {
            const int32_t down = shares[h];
            for (uint32_t w = 0; w < p->width; w++) {
                const int16_t* a = &x[places[2U * h] + columns[2U * w]];
                const int16_t* b = &x[places[2U * h + 1U] + columns[2U * w]];
                const int16_t* c = &x[places[2U * h] + columns[2U * w + 1U]];
                const int16_t* d = &x[places[2U * h + 1U] + columns[2U * w + 1U]];
                const int32_t over = shares[p->height + w];
                const int32_t of_a = (1024 - down) * (1024 - over); /* |share| <= 1536 */
                const int32_t of_b = down * (1024 - over);
                const int32_t of_c = (1024 - down) * over;
                const int32_t of_d = down * over;
                for (uint32_t i = 0; i < channels; i++) {
                    const int64_t sum = (int64_t)a[i] * of_a + (int64_t)b[i] * of_b
                                        + (int64_t)c[i] * of_c + (int64_t)d[i] * of_d;
                    y[i] = (int16_t)((sum + (1 << 19) - ((sum > 0) ? 0 : 1)) >> 20);
                }
                y += channels;
            }
        }
        x += p->image;
    }
}

void ep_resize_bilinear_u8(const ep_resize_t* p, const uint32_t* places, const float* shares,
                           const uint8_t* x, uint8_t* y)
{
    const uint32_t* columns = &places[2U * p->height];
    const float* over = &shares[2U * p->height];
    for (uint32_t batch = 0; batch < p->batches; batch++) {
        for (uint32_t h = 0; h < p->height; h++) {
            const uint8_t* upper = &x[places[2U * h]];
            const uint8_t* lower = &x[places[2U * h + 1U]];
            const float* down = &shares[2U * h];
            for (uint32_t w = 0; w < p->width; w++) {
                const uint8_t* a = &upper[columns[2U * w]];
                const uint8_t* b = &lower[columns[2U * w]];
                const uint8_t* c = &upper[columns[2U * w + 1U]];
                const uint8_t* d = &lower[columns[2U * w + 1U]];
                for (uint32_t i = 0; i < p->channels; i++) {
                    const float sum = (float)a[i] * down[0] * over[2U * w]
                                      + (float)b[i] * down[1] * over[2U * w]
                                      + (float)c[i] * down[0] * over[2U * w + 1U]
                                      + (float)d[i] * down[1] * over[2U * w + 1U];
                    *y = (uint8_t)(int32_t)(sum + 0.5F);
                    y++;
                }
            }
        }
        x += p->image;
    }
}

void ep_resize_bilinear_f32(const ep_resize_t* p, const uint32_t* places, const float* shares,
                            const float* x, float* y)
{
    const uint32_t* columns = &places[2U * p->height];
    const float* over = &shares[2U * p->height];
    for (uint32_t batch = 0; batch < p->batches; batch++) {
        for (uint32_t h = 0; h < p->height; h++) {
            const float* upper = &x[places[2U * h]];
            const float* lower = &x[places[2U * h + 1U]];
            const float* down = &shares[2U * h];
            for (uint32_t w = 0; w < p->width; w++) {
                const float* a = &upper[columns[2U * w]];
                const float* b = &lower[columns[2U * w]];
                const float* c = &upper[columns[2U * w + 1U]];
                const float* d = &lower[columns[2U * w + 1U]];
                for (uint32_t i = 0; i < p->channels; i++) {
                    *y = a[i] * down[0] * over[2U * w] + b[i] * down[1] * over[2U * w]
                         + c[i] * down[0] * over[2U * w + 1U] + d[i] * down[1] * over[2U * w + 1U]
                         + 0.0F;
                    y++;
                }
            }
        }
        x += p->image;
    }
}
