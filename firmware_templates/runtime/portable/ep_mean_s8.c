/* SPDX-License-Identifier: MIT-0 */
#include "ep_mean_s8.h"

#include "ep_rescale.h"

static int8_t finish(const ep_mean_s8_t* p, int32_t sum)
{
    const int32_t value = ep_rescale(sum + p->offset, p->mantissa, p->code, p->zero_term);
    return (int8_t)ep_clamp(value, INT8_MIN, INT8_MAX);
}

/// Four neighbours at a time share the walk.
static void sum_four(const int8_t* x, int32_t count, int32_t step, int32_t* sums)
{
    int32_t a = 0;
    int32_t b = 0;
    int32_t c = 0;
    int32_t d = 0;
    for (; count > 0; count--) {
        a += x[0];
        b += x[1];
        c += x[2];
        d += x[3];
        x += step;
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

static void sum_one(const int8_t* x, int32_t count, int32_t step, int32_t* sums)
{
    int32_t sum = 0;
    for (; count > 0; count--) {
        sum += *x;
        x += step;
    }
    *sums = sum;
}

void ep_mean_s8(const ep_mean_s8_t* p, int32_t outer, int32_t count, int32_t inner, const int8_t* x,
                int8_t* y)
{
    for (int32_t o = 0; o < outer; o++) {
        int32_t done = 0;
        for (int32_t at = 0; at < inner; at += done) {
            int32_t sums[4];
            if (inner - at >= 4) {
                sum_four(x + at, count, inner, sums);
                done = 4;
            } else {
                sum_one(x + at, count, inner, sums);
                done = 1;
            }
            for (int32_t i = 0; i < done; i++) {
                *y++ = finish(p, sums[i]);
            }
        }
        x += count * inner;
    }
}

void ep_mean_axes_s8(const ep_mean_s8_t* p, const ep_reduce_t* loops, const int8_t* x, int8_t* y)
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
