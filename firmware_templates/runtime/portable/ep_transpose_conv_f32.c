/* SPDX-License-Identifier: MIT-0 */
#include "ep_transpose_conv_f32.h"

#include <stdbool.h>

#include "ep_row_f32.h"

/// The window at (top, left) as a column, zeros outside the image; gives its length.
static int32_t gather(const ep_window_t* window, const float* image, int32_t top, int32_t left,
                      int32_t rows, int32_t columns, float* scratch)
{
    float* to = scratch;
    for (int32_t i = top; i < top + rows; i++) {
        for (int32_t j = left; j < left + columns; j++) {
            const bool inside = i >= 0 && i < window->in_h && j >= 0 && j < window->in_w;
            const int32_t at = inside ? (i * window->in_w + j) * window->in_c : 0;
            for (int32_t c = 0; c < window->in_c; c++) {
                *to++ = inside ? image[at + c] : 0.0f;
            }
        }
    }
    return (int32_t)(to - scratch);
}

/// All outputs of one phase of one image.
static void run(const ep_transpose_conv_f32_t* p, const ep_phase_side_t* down,
                const ep_phase_side_t* right, const float* image, const float* w,
                const float* bias, float* scratch, float* y)
{
    const ep_window_t* const window = &p->window;
    const ep_range_f32_t range = {p->low, p->high};
    int32_t top = down->start;
    for (int32_t i = down->first; i < window->out_h; i += window->stride_h) {
        int32_t left = right->start;
        for (int32_t j = right->first; j < window->out_w; j += window->stride_w) {
            const int32_t depth =
                gather(window, image, top, left, down->taps, right->taps, scratch);
            ep_row_f32(scratch, w, bias, depth, p->outputs, range,
                       &y[(i * window->out_w + j) * p->outputs]);
            left++;
        }
        top++;
    }
}

void ep_transpose_conv_f32(const ep_transpose_conv_f32_t* p, const float* x, const float* w,
                           const float* bias, float* scratch, float* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t in_size = window->in_h * window->in_w * window->in_c;
    const int32_t out_size = window->out_h * window->out_w * p->outputs;
    for (int32_t i = 0; i < window->stride_h; i++) {
        const ep_phase_side_t down =
            ep_phase_side(i, window->stride_h, window->kernel_h, window->pad_top);
        for (int32_t j = 0; j < window->stride_w; j++) {
            const ep_phase_side_t right =
                ep_phase_side(j, window->stride_w, window->kernel_w, window->pad_left);
            for (int32_t b = 0; b < window->batches; b++) {
                run(p, &down, &right, &x[b * in_size], w, bias, scratch, &y[b * out_size]);
            }
            w += down.taps * right.taps * window->in_c * p->outputs;
        }
    }
}
