/* SPDX-License-Identifier: MIT-0 */
/* Transposed convolutions of int8, whatever their weights. */
#ifndef EP_TRANSPOSE_CONV_BODY_H
#define EP_TRANSPOSE_CONV_BODY_H

#include "ep_transpose_conv_s8.h"

/// One phase: its sides, and its part of the tables.
typedef struct {
    ep_phase_side_t down;
    ep_phase_side_t right;
    ep_columns_t columns;
    const int8_t* w;
    const int32_t* bias;
    const int32_t* multipliers;
    const int8_t* codes;
} ep_transpose_phase_t;

/// Copies count values, or repeats one, to every other byte; gives the next place.
static inline int8_t*
ep_transpose_spread(int8_t* column, const int8_t* x, int32_t step, int32_t count)
{
    for (; count > 0; count--) {
        *column = *x;
        column += 2;
        x += step;
    }
    return column;
}

/// The window at (top, left) as a column, in every other byte.
static inline void
ep_transpose_gather(const ep_transpose_conv_t* p, const ep_transpose_phase_t* phase,
                    const int8_t* image, int32_t top, int32_t left, int8_t* column)
{
    const ep_window_t* const window = &p->window;
    const int32_t channels = window->in_c;
    const int32_t right = left + phase->right.taps;
    for (int32_t row = top; row < top + phase->down.taps; row++) {
        if (row < 0 || row >= window->in_h) {
            column = ep_transpose_spread(column, &p->zero, 0, phase->right.taps * channels);
            continue;
        }
        const int8_t* const line = &image[row * window->in_w * channels];
        const int32_t from = (left < 0) ? 0 : left;
        const int32_t to = (right > window->in_w) ? window->in_w : right;
        const int32_t inside = (to > from) ? (to - from) : 0;
        const int32_t before = (inside > 0) ? (from - left) : phase->right.taps;
        column = ep_transpose_spread(column, &p->zero, 0, before * channels);
        column = ep_transpose_spread(column, &line[from * channels], 1, inside * channels);
        const int32_t behind = phase->right.taps - before - inside;
        column = ep_transpose_spread(column, &p->zero, 0, behind * channels);
    }
}

/// All outputs of one phase of one image; they come in pairs, the last alone.
static inline void
ep_transpose_run(const ep_transpose_conv_t* p, const ep_transpose_phase_t* phase,
                 ep_columns_function_t columns, const int8_t* image, int8_t* scratch, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t outputs = p->columns.outputs;
    int8_t* waiting = 0;
    int32_t top = phase->down.start;
    for (int32_t i = phase->down.first; i < window->out_h; i += window->stride_h) {
        int32_t left = phase->right.start;
        for (int32_t j = phase->right.first; j < window->out_w; j += window->stride_w) {
            int8_t* const here = &y[(i * window->out_w + j) * outputs];
            ep_transpose_gather(p, phase, image, top, left, scratch + (waiting != 0 ? 1 : 0));
            if (waiting != 0) {
                columns(&phase->columns, scratch, phase->w, phase->bias, phase->multipliers,
                        phase->codes, waiting, here);
            }
            waiting = (waiting != 0) ? 0 : here;
            left++;
        }
        top++;
    }
    if (waiting != 0) {
        for (int32_t k = 0; k < phase->columns.depth; k++) {
            scratch[2 * k + 1] = scratch[2 * k];
        }
        columns(&phase->columns, scratch, phase->w, phase->bias, phase->multipliers, phase->codes,
                waiting, waiting);
    }
}

/// ep_transpose_conv_s8 by `columns`, whose weights have `ahead` bytes more in front of each phase.
static inline void
ep_transpose_conv_body(const ep_transpose_conv_t* p, ep_columns_function_t columns, int32_t ahead,
                       const int8_t* x, const int8_t* w, const int32_t* bias,
                       const int32_t* multipliers, const int8_t* codes, int8_t* scratch, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t in_bytes = window->in_h * window->in_w * window->in_c;
    const int32_t out_bytes = window->out_h * window->out_w * p->columns.outputs;
    ep_transpose_phase_t phase = {{0, 0, 0}, {0, 0, 0}, p->columns, w, bias, multipliers, codes};
    for (int32_t down = 0; down < window->stride_h; down++) {
        phase.down = ep_phase_side(down, window->stride_h, window->kernel_h, window->pad_top);
        for (int32_t right = 0; right < window->stride_w; right++) {
            phase.right =
                ep_phase_side(right, window->stride_w, window->kernel_w, window->pad_left);
            phase.columns.depth = phase.down.taps * phase.right.taps * window->in_c;
            for (int32_t b = 0; b < window->batches; b++) {
                ep_transpose_run(p, &phase, columns, &x[b * in_bytes], scratch, &y[b * out_bytes]);
            }
            phase.w += ahead + phase.columns.depth * p->columns.outputs;
            phase.bias += p->columns.outputs;
        }
    }
}

#endif
