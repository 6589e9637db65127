/* SPDX-License-Identifier: MIT-0 */
#include "ep_depthwise_s16.h"

#include "ep_clip.h"
#include "ep_scale_s16.h"

/// The products of one channel and output.
static inline int32_t
products(const ep_window_t* window, const ep_clip_t* clip, const int16_t* x, const int8_t* w)
{
    const int32_t step = window->dilation_w * window->in_c;
    const int32_t line_step = window->dilation_h * window->in_w * window->in_c;
    int32_t sum = 0;
    w += clip->skipped;
    for (int32_t h = clip->lines; h > 0; h--) {
        const int16_t* at = x;
        for (int32_t k = 0; k < clip->taps; k++) {
            sum += *at * w[k];
            at += step;
        }
        x += line_step;
        w += window->kernel_w;
    }
    return sum;
}

/// All outputs of one pixel; x is its first tap.
static void pixel(const ep_depthwise_s16_t* p, const ep_clip_t* clip, const int16_t* x,
                  const int8_t* w, const int64_t* bias, const int32_t* multipliers,
                  const int8_t* shifts, int16_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t area = window->kernel_h * window->kernel_w;
    for (int32_t channel = 0; channel < window->in_c; channel++) {
        for (int32_t m = 0; m < p->multiplier; m++) {
            const int64_t sum = *bias++ + products(window, clip, x, w);
            const int32_t value = ep_scale_s16(sum, *multipliers++, *shifts++, p->way);
            *y++ = (int16_t)ep_clamp(value, p->low, p->high);
            w += area;
        }
        x++;
    }
}

void ep_depthwise_s16(const ep_depthwise_s16_t* p, const int16_t* x, const int8_t* w,
                      const int64_t* bias, const int32_t* multipliers, const int8_t* shifts,
                      int16_t* y)
{
    const ep_window_t* const window = &p->window;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                const ep_clip_t clip = ep_clip(window, i, j);
                pixel(p, &clip, x + clip.offset, w, bias, multipliers, shifts, y);
                y += window->in_c * p->multiplier;
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
}
