/* SPDX-License-Identifier: MIT-0 */
#include "ep_conv_2d_f32.h"

#include "ep_gather_f32.h"
#include "ep_row_f32.h"

/// All outputs of one pixel.
static void pixel(const ep_conv_2d_f32_t* p, const float* image, int32_t i, int32_t j,
                  const float* w, const float* bias, float* scratch, float* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t top = i * window->stride_h - window->pad_top;
    const int32_t left = j * window->stride_w - window->pad_left;
    const ep_range_f32_t range = {p->low, p->high};
    for (int32_t group = 0; group < p->groups; group++) {
        ep_gather_f32(window, p->depth_c, image + group * p->depth_c, top, left, scratch);
        ep_row_f32(scratch, w, bias, p->depth, p->outputs, range, y);
        w += p->outputs * p->depth;
        bias += p->outputs;
        y += p->outputs;
    }
}

void ep_conv_2d_f32(const ep_conv_2d_f32_t* p, const float* x, const float* w, const float* bias,
                    float* scratch, float* y)
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
