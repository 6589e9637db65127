/* SPDX-License-Identifier: MIT-0 */
#include "ep_conv_2d_f16.h"

#include <stdbool.h>
#include <stddef.h>

#include "ep_row_f16.h"

/// Copies count values, or zeros where there are none.
static float* put(float* to, const float* from, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = (from != NULL) ? from[i] : 0.0f;
    }
    return to + count;
}

/// The window at (top, left), zeros outside the image.
static void gather(const ep_conv_2d_f16_t* p, const float* image, int32_t top, int32_t left,
                   float* column)
{
    const ep_window_t* const window = &p->window;
    int32_t row = top;
    for (int32_t h = 0; h < window->kernel_h; h++) {
        const bool line = row >= 0 && row < window->in_h;
        int32_t at = left;
        for (int32_t k = 0; k < window->kernel_w; k++) {
            const bool inside = line && at >= 0 && at < window->in_w;
            const float* const from =
                inside ? &image[(row * window->in_w + at) * window->in_c] : NULL;
            column = put(column, from, p->depth_c);
            at += window->dilation_w;
        }
        row += window->dilation_h;
    }
}

/// All outputs of one pixel.
static void pixel(const ep_conv_2d_f16_t* p, const float* image, int32_t i, int32_t j,
                  const uint16_t* w, const float* bias, float* scratch, float* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t top = i * window->stride_h - window->pad_top;
    const int32_t left = j * window->stride_w - window->pad_left;
    const ep_range_f32_t range = {p->low, p->high};
    for (int32_t group = 0; group < p->groups; group++) {
        gather(p, image + group * p->depth_c, top, left, scratch);
        ep_row_f16(scratch, w, bias, p->depth, p->outputs, range, y);
        w += p->outputs * p->depth;
        bias += p->outputs;
        y += p->outputs;
    }
}

void ep_conv_2d_f16(const ep_conv_2d_f16_t* p, const float* x, const uint16_t* w,
                    const float* bias, float* scratch, float* y)
{
    const ep_window_t* const window = &p->window;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                pixel(p, x, i, j, w, bias, scratch, y);
                y += p->outputs * p->groups;
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
}
