/* SPDX-License-Identifier: MIT-0 */
#include "ep_pool_s16.h"

#include "ep_fixed.h"

typedef int32_t (*reduce_t)(const int16_t* x, const ep_window_t* window,
                            const ep_pool_part_t* part);

static int32_t mean(const int16_t* x, const ep_window_t* window, const ep_pool_part_t* part)
{
    int32_t sum = 0;
    for (int32_t h = 0; h < part->lines; h++) {
        const int16_t* at = x + h * window->in_w * window->in_c;
        for (int32_t k = 0; k < part->taps; k++) {
            sum += *at;
            at += window->in_c;
        }
    }
    const int32_t count = part->lines * part->taps;
    return (sum + ((sum > 0) ? (count / 2) : -(count / 2))) / count;
}

static int32_t largest(const int16_t* x, const ep_window_t* window, const ep_pool_part_t* part)
{
    int32_t result = *x;
    for (int32_t h = 0; h < part->lines; h++) {
        const int16_t* at = x + h * window->in_w * window->in_c;
        for (int32_t k = 0; k < part->taps; k++) {
            result = (*at > result) ? *at : result;
            at += window->in_c;
        }
    }
    return result;
}

static inline void pool(const ep_pool_s16_t* p, const int16_t* x, int16_t* y, reduce_t reduce)
{
    const ep_window_t* const window = &p->window;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                const ep_pool_part_t part = ep_pool_part(window, i, j);
                for (int32_t c = 0; c < window->in_c; c++) {
                    const int32_t value = reduce(x + part.offset + c, window, &part);
                    *y++ = (int16_t)ep_clamp(value, p->low, p->high);
                }
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
}

void ep_average_pool_s16(const ep_pool_s16_t* p, const int16_t* x, int16_t* y)
{
    pool(p, x, y, mean);
}

void ep_max_pool_s16(const ep_pool_s16_t* p, const int16_t* x, int16_t* y)
{
    pool(p, x, y, largest);
}
