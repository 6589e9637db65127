/* SPDX-License-Identifier: MIT-0 */
#include "ep_transpose_conv_s16.h"

#include <stdbool.h>

#include "ep_wide.h"

/// The tables of one channel after the other.
typedef struct {
    const int64_t* bias;
    const int32_t* multipliers;
    const int8_t* shifts;
} tables_t;

/// The window at (top, left) as a column, zeros outside the image; gives its length.
static int32_t gather(const ep_window_t* window, const int16_t* image, int32_t top, int32_t left,
                      int32_t rows, int32_t columns, int16_t* scratch)
{
    int16_t* to = scratch;
    for (int32_t i = top; i < top + rows; i++) {
        for (int32_t j = left; j < left + columns; j++) {
            const bool inside = i >= 0 && i < window->in_h && j >= 0 && j < window->in_w;
            const int32_t at = inside ? (i * window->in_w + j) * window->in_c : 0;
            for (int32_t c = 0; c < window->in_c; c++) {
                *to++ = inside ? image[at + c] : (int16_t)0;
            }
        }
    }
    return (int32_t)(to - scratch);
}

/// All outputs of one pixel.
static void pixel(const ep_transpose_conv_s16_t* p, const int16_t* x, int32_t depth,
                  const int8_t* w, const tables_t* tables, int16_t* y)
{
    int32_t rows = 0;
    for (int32_t at = 0; at < p->outputs; at += rows) {
        int64_t sums[4];
        rows = ep_dots_rows(p->outputs - at);
        for (int32_t r = 0; r < rows; r++) {
            sums[r] = tables->bias[at + r];
        }
        w = ep_dots_s16(x, w, depth, rows, sums);
        for (int32_t r = 0; r < rows; r++) {
            const int32_t factor = tables->multipliers[at + r];
            const int32_t shift = tables->shifts[at + r];
            const int32_t value = (p->twice != 0)
                                      ? ep_requantize((int32_t)sums[r], factor, shift)
                                      : ep_requantize_wide(sums[r], factor, shift);
            y[at + r] = (int16_t)ep_clamp(value, p->low, p->high);
        }
    }
}

/// All outputs of one phase of one image.
static void run(const ep_transpose_conv_s16_t* p, const ep_phase_side_t* down,
                const ep_phase_side_t* right, const int16_t* image, const int8_t* w,
                const tables_t* tables, int16_t* scratch, int16_t* y)
{
    const ep_window_t* const window = &p->window;
    int32_t top = down->start;
    for (int32_t i = down->first; i < window->out_h; i += window->stride_h) {
        int32_t left = right->start;
        for (int32_t j = right->first; j < window->out_w; j += window->stride_w) {
            const int32_t depth =
                gather(window, image, top, left, down->taps, right->taps, scratch);
            pixel(p, scratch, depth, w, tables, &y[(i * window->out_w + j) * p->outputs]);
            left++;
        }
        top++;
    }
}

void ep_transpose_conv_s16(const ep_transpose_conv_s16_t* p, const int16_t* x, const int8_t* w,
                           const int64_t* bias, const int32_t* multipliers, const int8_t* shifts,
                           int16_t* scratch, int16_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t in_size = window->in_h * window->in_w * window->in_c;
    const int32_t out_size = window->out_h * window->out_w * p->outputs;
    const tables_t tables = {bias, multipliers, shifts};
    for (int32_t i = 0; i < window->stride_h; i++) {
        const ep_phase_side_t down =
            ep_phase_side(i, window->stride_h, window->kernel_h, window->pad_top);
        for (int32_t j = 0; j < window->stride_w; j++) {
            const ep_phase_side_t right =
                ep_phase_side(j, window->stride_w, window->kernel_w, window->pad_left);
            for (int32_t b = 0; b < window->batches; b++) {
                run(p, &down, &right, &x[b * in_size], w, &tables, scratch, &y[b * out_size]);
            }
            w += down.taps * right.taps * window->in_c * p->outputs;
        }
    }
}
