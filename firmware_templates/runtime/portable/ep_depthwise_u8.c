/* SPDX-License-Identifier: MIT-0 */
#include "ep_depthwise_u8.h"

#include "ep_clip.h"
#include "ep_limit_s8.h"
#include "ep_rescale.h"

/// The products of one channel and output.
static inline int32_t products(const ep_window_t* window, const ep_clip_t* clip, const int8_t* x,
                               const ep_depthwise_u8_t* p, const int8_t* w)
{
    const int32_t step = window->dilation_w * window->in_c;
    const int32_t line_step = window->dilation_h * window->in_w * window->in_c;
    int32_t sum = 0;
    w += clip->skipped;
    for (int32_t h = clip->lines; h > 0; h--) {
        const int8_t* at = x;
        for (int32_t k = 0; k < clip->taps; k++) {
            sum += (*at - p->zero) * (w[k] - p->zero_w);
            at += step;
        }
        x += line_step;
        w += window->kernel_w;
    }
    return sum;
}

/// All outputs of one pixel; x is its first tap.
static void pixel(const ep_depthwise_u8_t* p, const ep_clip_t* clip, const int8_t* x, const int8_t* w,
                  const int32_t* bias, const int32_t* multipliers, const int8_t* codes, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t area = window->kernel_h * window->kernel_w;
    for (int32_t channel = 0; channel < window->in_c; channel++) {
        for (int32_t m = 0; m < p->multiplier; m++) {
            const int32_t sum = *bias++ + products(window, clip, x, p, w);
            const int32_t value = ep_rescale(sum, *multipliers++, *codes++, p->zero_term);
            *y++ = ep_saturate(value);
            w += area;
        }
        x++;
    }
}

void ep_depthwise_u8(const ep_depthwise_u8_t* p, const int8_t* x, const int8_t* w,
                     const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                     int8_t* y)
{
    const ep_window_t* const window = &p->window;
    int8_t* const first = y;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                const ep_clip_t clip = ep_clip(window, i, j);
                pixel(p, &clip, x + clip.offset, w, bias, multipliers, codes, y);
                y += window->in_c * p->multiplier;
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}
