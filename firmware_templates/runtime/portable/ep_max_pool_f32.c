/* SPDX-License-Identifier: MIT-0 */
#include "ep_max_pool_f32.h"

#include <float.h>

#include "ep_float.h"

/// One channel.
static float largest(const float* x, const ep_window_t* window, const ep_pool_part_t* part)
{
    float result = -FLT_MAX;
    for (int32_t h = 0; h < part->lines; h++) {
        const float* at = x;
        for (int32_t k = 0; k < part->taps; k++) {
            result = (result < *at) ? *at : result;
            at += window->in_c;
        }
        x += window->in_w * window->in_c;
    }
    return result;
}

void ep_max_pool_f32(const ep_pool_f32_t* p, const float* x, float* y)
{
    const ep_window_t* const window = &p->window;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                const ep_pool_part_t part = ep_pool_part(window, i, j);
                for (int32_t c = 0; c < window->in_c; c++) {
                    const float value = largest(x + part.offset + c, window, &part);
                    *y++ = ep_clamp_f32(value, p->low, p->high);
                }
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
}
