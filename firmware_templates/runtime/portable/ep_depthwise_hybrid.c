/* SPDX-License-Identifier: MIT-0 */
#include "ep_depthwise_hybrid.h"

#include "ep_hybrid.h"

/// The products of one channel's window at (top, left).
static int32_t dot(const ep_window_t* window, const int8_t* plane, int32_t top, int32_t left,
                   int32_t zero, const int8_t* w)
{
    int32_t sum = 0;
    int32_t row = top;
    for (int32_t h = 0; h < window->kernel_h; h++) {
        int32_t at = left;
        for (int32_t k = 0; k < window->kernel_w; k++) {
            if (row >= 0 && row < window->in_h && at >= 0 && at < window->in_w) {
                sum += (plane[(row * window->in_w + at) * window->in_c] - zero) * *w;
            }
            w++;
            at += window->dilation_w;
        }
        row += window->dilation_h;
    }
    return sum;
}

void ep_depthwise_hybrid(const ep_window_t* window, int32_t multiplier,
                         const ep_range_f32_t* range, const float* x, const int8_t* w,
                         const float* scales, const float* bias, int8_t* scratch, float* y)
{
    const int32_t size = window->in_h * window->in_w * window->in_c;
    const int32_t channels = window->in_c * multiplier;
    const int32_t taps = window->kernel_h * window->kernel_w;
    for (int32_t b = 0; b < window->batches; b++) {
        const ep_hybrid_t input = ep_hybrid_asymmetric(x, size, scratch);
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                const int32_t top = i * window->stride_h - window->pad_top;
                const int32_t left = j * window->stride_w - window->pad_left;
                for (int32_t c = 0; c < channels; c++) {
                    const int32_t sum = dot(window, scratch + c / multiplier, top, left,
                                            input.zero, &w[c * taps]);
                    const float value = (float)sum * (scales[c] * input.scale);
                    *y++ = ep_clamp_f32(value + bias[c], range->low, range->high);
                }
            }
        }
        x += size;
    }
}
