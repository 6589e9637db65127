/* SPDX-License-Identifier: MIT-0 */
#include "ep_conv_2d_s16.h"

#include <stdbool.h>
#include <stddef.h>

#include "ep_scale_s16.h"

/// Copies count values, or zeros where there are none.
static int16_t* put(int16_t* to, const int16_t* from, int32_t count)
{
    if (from == NULL) {
        for (int32_t i = 0; i < count; i++) {
            to[i] = 0;
        }
    } else {
        for (int32_t i = 0; i < count; i++) {
            to[i] = from[i];
        }
    }
    return to + count;
}

/// The window at (top, left), zeros outside the image.
static void gather(const ep_conv_2d_s16_t* p, const int16_t* image, int32_t top, int32_t left,
                   int16_t* to)
{
    const ep_window_t* const window = &p->window;
    const bool run = window->dilation_w == 1 && p->groups == 1 && left >= 0 &&
                     left + window->kernel_w <= window->in_w;
    int32_t row = top;
    for (int32_t h = 0; h < window->kernel_h; h++) {
        const bool line = row >= 0 && row < window->in_h;
        const int16_t* const start = &image[row * window->in_w * window->in_c];
        if (line && run) {
            to = put(to, &start[left * window->in_c], window->kernel_w * window->in_c);
        } else {
            int32_t at = left;
            for (int32_t k = 0; k < window->kernel_w; k++) {
                const bool inside = line && at >= 0 && at < window->in_w;
                to = put(to, inside ? &start[at * window->in_c] : NULL, p->depth_c);
                at += window->dilation_w;
            }
        }
        row += window->dilation_h;
    }
}

/// All outputs of one column.
static void column(const ep_conv_2d_s16_t* p, const int16_t* x, const int8_t* w,
                   const int64_t* bias, const int32_t* multipliers, const int8_t* shifts,
                   int16_t* y)
{
    int32_t rows = 0;
    for (int32_t at = 0; at < p->outputs; at += rows) {
        int64_t sums[4];
        rows = ep_dots_rows(p->outputs - at);
        for (int32_t r = 0; r < rows; r++) {
            sums[r] = bias[at + r];
        }
        w = ep_dots_s16(x, w, p->depth, rows, sums);
        for (int32_t r = 0; r < rows; r++) {
            const int32_t value =
                ep_scale_s16(sums[r], multipliers[at + r], shifts[at + r], p->way);
            y[at + r] = (int16_t)ep_clamp(value, p->low, p->high);
        }
    }
}

/// All outputs of one pixel.
static void pixel(const ep_conv_2d_s16_t* p, const int16_t* image, int32_t i, int32_t j,
                  const int8_t* w, const int64_t* bias, const int32_t* multipliers,
                  const int8_t* shifts, int16_t* scratch, int16_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t top = i * window->stride_h - window->pad_top;
    const int32_t left = j * window->stride_w - window->pad_left;
    for (int32_t group = 0; group < p->groups; group++) {
        gather(p, image + group * p->depth_c, top, left, scratch);
        column(p, scratch, w, bias, multipliers, shifts, y);
        w += p->outputs * p->depth;
        bias += p->outputs;
        multipliers += p->outputs;
        shifts += p->outputs;
        y += p->outputs;
    }
}

void ep_conv_2d_s16(const ep_conv_2d_s16_t* p, const int16_t* x, const int8_t* w,
                    const int64_t* bias, const int32_t* multipliers, const int8_t* shifts,
                    int16_t* scratch, int16_t* y)
{
    const ep_window_t* const window = &p->window;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                pixel(p, x, i, j, w, bias, multipliers, shifts, scratch, y);
                y += p->outputs * p->groups;
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
}
