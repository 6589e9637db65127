/* SPDX-License-Identifier: MIT-0 */
#include "ep_mve_conv_2d_s8.h"

#include <stdbool.h>

#include "ep_limit_s8.h"
#include "ep_mve_bytes.h"

/// One line of a window, with the zero point where it leaves the image.
static int8_t* gather_line(const ep_mve_conv_2d_t* p, const int8_t* line, int32_t left, int8_t* to)
{
    const int32_t depth = p->window.in_c;
    int32_t at = left;
    for (int32_t k = p->window.kernel_w; k > 0; k--) {
        const bool inside = at >= 0 && at < p->window.in_w;
        to = inside ? ep_mve_copy(to, &line[at * depth], depth) : ep_mve_fill(to, p->zero, depth);
        at += p->window.dilation_w;
    }
    return to;
}

/// The window at (top, left) of an image.
static void gather(const ep_mve_conv_2d_t* p, const int8_t* image, int32_t top, int32_t left,
                   int8_t* to)
{
    const ep_window_t* const window = &p->window;
    const int32_t line_bytes = window->in_w * window->in_c;
    const int32_t bytes = window->kernel_w * window->in_c;
    const bool whole = window->dilation_w == 1 && left >= 0 &&
                       left + window->kernel_w <= window->in_w;
    int32_t row = top;
    for (int32_t k = window->kernel_h; k > 0; k--) {
        if (row < 0 || row >= window->in_h) {
            to = ep_mve_fill(to, p->zero, bytes);
        } else if (whole) {
            to = ep_mve_copy(to, &image[row * line_bytes + left * window->in_c], bytes);
        } else {
            to = gather_line(p, &image[row * line_bytes], left, to);
        }
        row += window->dilation_h;
    }
}

void ep_mve_conv_2d_s8(const ep_mve_conv_2d_t* p, const int8_t* x, const int32_t* w,
                       const int32_t* tables, int8_t* scratch, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t outputs = p->pixels.outputs;
    int8_t* const first = y;
    int32_t waiting = 0;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            const int32_t top = i * window->stride_h - window->pad_top;
            int32_t left = -window->pad_left;
            for (int32_t j = window->out_w; j > 0; j--) {
                gather(p, x, top, left, scratch + waiting * p->pixels.depth);
                left += window->stride_w;
                waiting++;
                if (waiting == 2) {
                    ep_mve_pixels_s8(&p->pixels, 2, scratch, w, tables, y);
                    y += 2 * outputs;
                    waiting = 0;
                }
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
    if (waiting != 0) {
        ep_mve_pixels_s8(&p->pixels, 1, scratch, w, tables, y);
        y += outputs;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->pixels.low, p->pixels.high);
}
