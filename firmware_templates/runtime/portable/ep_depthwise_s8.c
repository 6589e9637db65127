/* SPDX-License-Identifier: MIT-0 */
#include "ep_depthwise_s8.h"

#include "ep_rescale.h"

/// The taps of one pixel that lie inside the image.
typedef struct {
    const int8_t* x; /* of the first tap */
    int32_t skipped; /* weights before the first tap */
    int32_t lines;
    int32_t taps; /* of a line */
} clip_t;

static clip_t clip(const ep_window_t* window, const int8_t* x, int32_t top, int32_t left)
{
    clip_t result;
    int32_t first_h;
    int32_t last_h;
    int32_t first_w;
    int32_t last_w;
    ep_window_clip(top, window->kernel_h, window->dilation_h, window->in_h, &first_h, &last_h);
    ep_window_clip(left, window->kernel_w, window->dilation_w, window->in_w, &first_w, &last_w);
    result.lines = last_h - first_h;
    result.taps = last_w - first_w;
    result.skipped = first_h * window->kernel_w + first_w;
    result.x = x;
    if (result.lines > 0 && result.taps > 0) {
        const int32_t row = top + first_h * window->dilation_h;
        const int32_t column = left + first_w * window->dilation_w;
        result.x = x + (row * window->in_w + column) * window->in_c;
    }
    return result;
}

/// The products of one channel and output.
static inline int32_t products(const ep_window_t* window, const clip_t* taps, int32_t channel,
                               int32_t zero, const int8_t* w)
{
    const int32_t step = window->dilation_w * window->in_c;
    const int32_t line_step = window->dilation_h * window->in_w * window->in_c;
    const int8_t* line = taps->x + channel;
    int32_t sum = 0;
    w += taps->skipped;
    for (int32_t h = 0; h < taps->lines; h++) {
        const int8_t* x = line;
        for (int32_t k = 0; k < taps->taps; k++) {
            sum += (*x - zero) * w[k];
            x += step;
        }
        line += line_step;
        w += window->kernel_w;
    }
    return sum;
}

/// All outputs of one pixel.
static void pixel(const ep_depthwise_t* p, const clip_t* taps, const int8_t* w,
                  const int32_t* bias, const int32_t* multipliers, const int8_t* codes, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t area = window->kernel_h * window->kernel_w;
    for (int32_t channel = 0; channel < window->in_c; channel++) {
        for (int32_t m = 0; m < p->multiplier; m++) {
            const int32_t sum = *bias++ + products(window, taps, channel, p->zero, w);
            const int32_t value = ep_rescale(sum, *multipliers++, *codes++, p->zero_term);
            *y++ = (int8_t)ep_clamp(value, p->low, p->high);
            w += area;
        }
    }
}

void ep_depthwise_s8(const ep_depthwise_t* p, const int8_t* x, const int8_t* w,
                     const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                     int8_t* y)
{
    const ep_window_t* const window = &p->window;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                const clip_t taps = clip(window, x, i * window->stride_h - window->pad_top,
                                         j * window->stride_w - window->pad_left);
                pixel(p, &taps, w, bias, multipliers, codes, y);
                y += window->in_c * p->multiplier;
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
}
