/* SPDX-License-Identifier: MIT-0 */
#include "ep_tap_windows.h"

#include "ep_limit_s8.h"

/// Where the taps of one window lie: the image's pixels, or one that stands for all beside it.
static void aim(const ep_window_t* window, const int8_t* image, int32_t top, int32_t left,
                const int8_t* outside, const int8_t** taps)
{
    const int32_t step = window->dilation_w * window->in_c;
    for (int32_t h = window->kernel_h; h > 0; h--) {
        if (top < 0 || top >= window->in_h) {
            for (int32_t k = window->kernel_w; k > 0; k--) {
                *taps++ = outside;
            }
        } else {
            int32_t at = (top * window->in_w + left) * window->in_c;
            int32_t column = left;
            for (int32_t k = window->kernel_w; k > 0; k--) {
                *taps++ = ((uint32_t)column < (uint32_t)window->in_w) ? &image[at] : outside;
                at += step;
                column += window->dilation_w;
            }
        }
        top += window->dilation_h;
    }
}

void ep_tap_windows(const ep_depthwise_taps_t* p, ep_taps_run_t* run, const int8_t* x,
                    const uint32_t* stream, uint32_t* scratch, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t step = window->stride_w;
    const int8_t** const taps = (const int8_t**)(void*)scratch;
    int8_t* const outside = (int8_t*)&scratch[p->taps.taps];
    int8_t* const first = y;
    for (int32_t c = 0; c < window->in_c; c++) {
        outside[c] = p->zero;
    }
    taps[p->taps.taps - 1] = outside;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            int32_t left = -window->pad_left;
            for (int32_t j = window->out_w; j > 0; j--) {
                const uint32_t* part = stream;
                aim(window, x, i * window->stride_h - window->pad_top, left, outside, taps);
                for (int32_t m = 0; m < p->taps.step; m++) {
                    run(&p->taps, taps, part, y + m);
                    part += p->stream;
                }
                left += step;
                y += window->in_c * p->taps.step;
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}
