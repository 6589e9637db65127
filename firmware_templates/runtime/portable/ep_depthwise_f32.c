/* SPDX-License-Identifier: MIT-0 */
#include "ep_depthwise_f32.h"

#include "ep_clip.h"
#include "ep_float.h"

/// The products of one channel and output.
static inline float
products(const ep_window_t* window, const ep_clip_t* clip, const float* x, const float* w)
{
    const int32_t step = window->dilation_w * window->in_c;
    const int32_t line_step = window->dilation_h * window->in_w * window->in_c;
    float sum = 0.0f;
    w += clip->skipped;
    for (int32_t h = clip->lines; h > 0; h--) {
        const float* at = x;
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
static void pixel(const ep_depthwise_f32_t* p, const ep_clip_t* clip, const float* x,
                  const float* w, const float* bias, float* y)
{
    const ep_window_t* const window = &p->window;
    for (int32_t channel = 0; channel < window->in_c; channel++) {
        for (int32_t m = 0; m < p->multiplier; m++) {
            const float sum = products(window, clip, x, w) + *bias++;
            *y++ = ep_clamp_f32(sum, p->low, p->high);
            w += window->kernel_h * window->kernel_w;
        }
        x++;
    }
}

void ep_depthwise_f32(const ep_depthwise_f32_t* p, const float* x, const float* w,
                      const float* bias, float* y)
{
    const ep_window_t* const window = &p->window;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                const ep_clip_t clip = ep_clip(window, i, j);
                pixel(p, &clip, x + clip.offset, w, bias, y);
                y += window->in_c * p->multiplier;
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
}
