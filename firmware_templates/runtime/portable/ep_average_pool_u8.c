/* SPDX-License-Identifier: MIT-0 */
#include "ep_average_pool_u8.h"

#include "ep_fixed.h"

static int32_t mean(const uint8_t* x, const ep_window_t* window, const ep_pool_part_t* part)
{
    uint32_t sum = 0;
    for (int32_t h = 0; h < part->lines; h++) {
        const uint8_t* at = x + h * window->in_w * window->in_c;
        for (int32_t k = 0; k < part->taps; k++) {
            sum += *at;
            at += window->in_c;
        }
    }
    const uint32_t count = (uint32_t)(part->lines * part->taps);
    return (int32_t)((sum + count / 2U) / count);
}

void ep_average_pool_u8(const ep_pool_u8_t* p, const uint8_t* x, uint8_t* y)
{
    const ep_window_t* const window = &p->window;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                const ep_pool_part_t part = ep_pool_part(window, i, j);
                for (int32_t c = 0; c < window->in_c; c++) {
                    const int32_t value = mean(x + part.offset + c, window, &part);
                    *y++ = (uint8_t)ep_clamp(value, p->low, p->high);
                }
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
}
