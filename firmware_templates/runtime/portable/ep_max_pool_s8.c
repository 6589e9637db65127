/* SPDX-License-Identifier: MIT-0 */
#include "ep_max_pool_s8.h"

#include "ep_fixed.h"

/// One channel.
static int32_t largest(const int8_t* x, const ep_window_t* window, const ep_pool_part_t* part)
{
    const int32_t channels = window->in_c;
    const int32_t line_step = window->in_w * channels;
    int32_t result = *x;
    for (int32_t h = part->lines; h > 0; h--) {
        const int8_t* at = x;
        for (int32_t k = part->taps; k > 0; k--) {
            result = (*at > result) ? *at : result;
            at += channels;
        }
        x += line_step;
    }
    return result;
}

void ep_max_pool_s8(const ep_pool_s8_t* p, const int8_t* x, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                const ep_pool_part_t part = ep_pool_part(window, i, j);
                for (int32_t c = 0; c < window->in_c; c++) {
                    const int32_t value = largest(x + part.offset + c, window, &part);
                    *y++ = (int8_t)ep_clamp(value, p->low, p->high);
                }
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
}
