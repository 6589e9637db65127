/* SPDX-License-Identifier: MIT-0 */
#include "ep_conv_3d_f32.h"

#include "ep_gather_f32.h"
#include "ep_row_f32.h"

/// The window of one output, zeros outside the volume.
static void gather(const ep_conv_3d_f32_t* p, const float* x, int32_t front, int32_t top,
                   int32_t left, float* column)
{
    const ep_window_t* const window = &p->window;
    const int32_t taps = window->kernel_h * window->kernel_w * window->in_c;
    const int32_t plane = window->in_h * window->in_w * window->in_c;
    int32_t at = front;
    for (int32_t k = 0; k < p->kernel_d; k++) {
        if (at >= 0 && at < p->in_d) {
            ep_gather_f32(window, window->in_c, &x[at * plane], top, left, column);
        } else {
            ep_gather_put_f32(column, NULL, taps);
        }
        column += taps;
        at += p->dilation_d;
    }
}

/// One plane of outputs; gives the end of it.
static float* plane_of(const ep_conv_3d_f32_t* p, const float* x, int32_t front, const float* w,
                       const float* bias, float* scratch, float* y)
{
    const ep_window_t* const window = &p->window;
    const ep_range_f32_t range = {p->low, p->high};
    for (int32_t i = 0; i < window->out_h; i++) {
        for (int32_t j = 0; j < window->out_w; j++) {
            const int32_t top = i * window->stride_h - window->pad_top;
            const int32_t left = j * window->stride_w - window->pad_left;
            gather(p, x, front, top, left, scratch);
            ep_row_f32(scratch, w, bias, p->depth, p->outputs, range, y);
            y += p->outputs;
        }
    }
    return y;
}

void ep_conv_3d_f32(const ep_conv_3d_f32_t* p, const float* x, const float* w, const float* bias,
                    float* scratch, float* y)
{
    const ep_window_t* const window = &p->window;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t d = 0; d < p->out_d; d++) {
            const int32_t front = d * p->stride_d - p->pad_front;
            y = plane_of(p, x, front, w, bias, scratch, y);
        }
        x += p->in_d * window->in_h * window->in_w * window->in_c;
    }
}
