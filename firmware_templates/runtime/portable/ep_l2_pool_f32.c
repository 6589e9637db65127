/* SPDX-License-Identifier: MIT-0 */
#include "ep_l2_pool_f32.h"

#include "ep_float.h"
#include "ep_sqrt.h"

/// The squares of one channel.
static float sum(const float* x, const ep_window_t* window, const ep_pool_part_t* part)
{
    float total = 0.0f;
    for (int32_t h = 0; h < part->lines; h++) {
        const float* at = x;
        for (int32_t k = 0; k < part->taps; k++) {
            total += *at * *at;
            at += window->in_c;
        }
        x += window->in_w * window->in_c;
    }
    return total;
}

void ep_l2_pool_f32(const ep_pool_f32_t* p, const float* x, float* y)
{
    const ep_window_t* const window = &p->window;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                const ep_pool_part_t part = ep_pool_part(window, i, j);
                const float count = (float)(part.lines * part.taps);
                for (int32_t c = 0; c < window->in_c; c++) {
                    const float mean = sum(x + part.offset + c, window, &part) / count;
                    *y++ = ep_clamp_f32(ep_sqrt(mean), p->low, p->high);
                }
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
}
