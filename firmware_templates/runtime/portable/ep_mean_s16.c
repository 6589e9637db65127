/* SPDX-License-Identifier: MIT-0 */
#include "ep_mean_s16.h"

#include "ep_wide.h"

static int16_t finish(const ep_mean_s16_t* p, int32_t sum)
{
    return ep_saturate_s16(ep_requantize(sum, p->mantissa, p->shift));
}

void ep_mean_s16(const ep_mean_s16_t* p, int32_t outer, int32_t count, int32_t inner,
                 const int16_t* x, int16_t* y)
{
    for (int32_t o = 0; o < outer; o++) {
        for (int32_t i = 0; i < inner; i++) {
            int32_t sum = 0;
            for (int32_t r = 0; r < count; r++) {
                sum += x[r * inner + i];
            }
            *y++ = finish(p, sum);
        }
        x += count * inner;
    }
}

void ep_mean_axes_s16(const ep_mean_s16_t* p, const ep_reduce_t* loops, const int16_t* x,
                      int16_t* y)
{
    ep_reduce_at_t kept = {{0}, 0};
    ep_reduce_at_t at = {{0}, 0};
    do {
        int32_t sum = 0;
        do {
            sum += x[kept.offset + at.offset];
        } while (ep_reduce_next(loops->sizes, loops->steps, &at));
        *y++ = finish(p, sum);
    } while (ep_reduce_next(loops->kept_sizes, loops->kept_steps, &kept));
}
