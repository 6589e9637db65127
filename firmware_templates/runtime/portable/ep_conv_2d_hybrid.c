/* SPDX-License-Identifier: MIT-0 */
#include "ep_conv_2d_hybrid.h"

#include <stdbool.h>
#include <stddef.h>

/// The window at (top, left) of some channels as a column, `zero` outside the image.
static void gather(const ep_window_t* window, const int8_t* image, int32_t top, int32_t left,
                   int32_t channels, int8_t zero, int8_t* column)
{
    int32_t row = top;
    for (int32_t h = 0; h < window->kernel_h; h++) {
        const bool line = row >= 0 && row < window->in_h;
        int32_t at = left;
        for (int32_t k = 0; k < window->kernel_w; k++) {
            const bool inside = line && at >= 0 && at < window->in_w;
            const int32_t from = inside ? (row * window->in_w + at) * window->in_c : 0;
            for (int32_t c = 0; c < channels; c++) {
                *column++ = inside ? image[from + c] : zero;
            }
            at += window->dilation_w;
        }
        row += window->dilation_h;
    }
}

/// All outputs of one pixel.
static void pixel(const ep_window_t* window, int32_t groups, const ep_hybrid_sums_t* p,
                  ep_hybrid_t input, const int8_t* image, int32_t top, int32_t left,
                  const int8_t* w, const int32_t* totals, const float* scales,
                  const float* bias, int8_t* column, float* y)
{
    const int32_t channels = window->in_c / groups;
    for (int32_t group = 0; group < groups; group++) {
        gather(window, image + group * channels, top, left, channels, (int8_t)input.zero, column);
        ep_hybrid_sums(p, input, column, w, totals, scales, bias, y);
        w += p->outputs * p->depth;
        totals = (totals != NULL) ? (totals + p->outputs) : NULL;
        scales += (p->channels != 0) ? p->outputs : 0;
        bias += p->outputs;
        y += p->outputs;
    }
}

void ep_conv_2d_hybrid(const ep_window_t* window, int32_t groups, const ep_hybrid_sums_t* p,
                       const float* x, const int8_t* w, const int32_t* totals,
                       const float* scales, const float* bias, int8_t* scratch, float* y)
{
    const int32_t size = window->in_h * window->in_w * window->in_c;
    for (int32_t b = 0; b < window->batches; b++) {
        const ep_hybrid_t input = (p->asymmetric != 0) ? ep_hybrid_asymmetric(x, size, scratch)
                                                       : ep_hybrid_symmetric(x, size, scratch);
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                pixel(window, groups, p, input, scratch, i * window->stride_h - window->pad_top,
                      j * window->stride_w - window->pad_left, w, totals, scales, bias,
                      scratch + size, y);
                y += p->outputs * groups;
            }
        }
        x += size;
    }
}
