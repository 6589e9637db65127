/* SPDX-License-Identifier: MIT-0 */
#include "ep_mean_f32.h"

void ep_mean_f32(int32_t outer, int32_t count, int32_t inner, const float* x, float* y)
{
    const float divisor = (float)count;
    for (int32_t o = 0; o < outer; o++) {
        for (int32_t i = 0; i < inner; i++) {
            const float* at = x + i;
            float sum = 0.0f;
            for (int32_t r = 0; r < count; r++) {
                sum += *at;
                at += inner;
            }
            *y++ = sum / divisor;
        }
        x += count * inner;
    }
}

void ep_mean_axes_f32(const ep_reduce_t* loops, int32_t count, const float* x, float* y)
{
    const float divisor = (float)count;
    ep_reduce_at_t kept = {{0}, 0};
    ep_reduce_at_t at = {{0}, 0};
    do {
        float sum = 0.0f;
        do {
            sum += x[kept.offset + at.offset];
        } while (ep_reduce_next(loops->sizes, loops->steps, &at));
        *y++ = sum / divisor;
    } while (ep_reduce_next(loops->kept_sizes, loops->kept_steps, &kept));
}
