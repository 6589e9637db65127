/* SPDX-License-Identifier: MIT-0 */
#include "ep_transpose_conv_hybrid.h"

#include <stdbool.h>

#include "ep_float.h"
#include "ep_hybrid.h"

/// The window at (top, left) of an image as a column, `zero` outside it; gives its length.
static int32_t gather(const ep_window_t* window, const int8_t* image, int32_t top, int32_t left,
                      int32_t rows, int32_t columns, int8_t zero, int8_t* column)
{
    int8_t* to = column;
    for (int32_t i = top; i < top + rows; i++) {
        for (int32_t j = left; j < left + columns; j++) {
            const bool inside = i >= 0 && i < window->in_h && j >= 0 && j < window->in_w;
            const int32_t at = inside ? (i * window->in_w + j) * window->in_c : 0;
            for (int32_t c = 0; c < window->in_c; c++) {
                *to++ = inside ? image[at + c] : zero;
            }
        }
    }
    return (int32_t)(to - column);
}

/// All outputs of one pixel.
static void pixel(const ep_transpose_conv_hybrid_t* p, ep_hybrid_t input, const int8_t* column,
                  int32_t depth, const int8_t* w, const float* scales, const float* bias, float* y)
{
    for (int32_t o = 0; o < p->outputs; o++) {
        float sum = 0.0f;
        for (int32_t k = 0; k < depth; k++) {
            const int32_t product = (column[k] - input.zero) * *w++;
            sum += ((float)product * scales[o]) * input.scale;
        }
        y[o] = ep_clamp_f32(sum + bias[o], p->low, p->high);
    }
}

void ep_transpose_conv_hybrid(const ep_transpose_conv_hybrid_t* p, const float* x,
                              const int8_t* w, const float* scales, const float* bias,
                              int8_t* scratch, float* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t size = window->in_h * window->in_w * window->in_c;
    for (int32_t b = 0; b < window->batches; b++) {
        const ep_hybrid_t input = ep_hybrid_asymmetric(x, size, scratch);
        const int8_t* rest = w;
        for (int32_t phase = 0; phase < window->stride_h * window->stride_w; phase++) {
            const ep_phase_side_t down = ep_phase_side(phase / window->stride_w, window->stride_h,
                                                       window->kernel_h, window->pad_top);
            const ep_phase_side_t right = ep_phase_side(phase % window->stride_w, window->stride_w,
                                                        window->kernel_w, window->pad_left);
            int32_t top = down.start;
            for (int32_t i = down.first; i < window->out_h; i += window->stride_h) {
                int32_t left = right.start;
                for (int32_t j = right.first; j < window->out_w; j += window->stride_w) {
                    const int32_t depth = gather(window, scratch, top, left, down.taps, right.taps,
                                                 (int8_t)input.zero, scratch + size);
                    pixel(p, input, scratch + size, depth, rest, scales, bias,
                          &y[(i * window->out_w + j) * p->outputs]);
                    left++;
                }
                top++;
            }
            rest += down.taps * right.taps * window->in_c * p->outputs;
        }
        x += size;
        y += window->out_h * window->out_w * p->outputs;
    }
}
