/* SPDX-License-Identifier: MIT-0 */
/* Convolutions of int8, two pixels at a time, whatever their weights look like. */
#ifndef EP_CONV_PAIRS_H
#define EP_CONV_PAIRS_H

#include <stdbool.h>

#include "ep_columns.h"
#include "ep_window.h"

typedef struct {
    ep_columns_t columns; /* of one group: depth kernel_h * kernel_w * depth_c */
    ep_window_t window;
    int32_t depth_c; /* input channels of a group */
    int16_t groups;
    int8_t zero; /* zero point of x, read where the window leaves it */
} ep_conv_2d_t;

/// Where a pixel's window starts.
typedef struct {
    const int8_t* image;
    int32_t top;
    int32_t left;
} ep_conv_place_t;

/// Copies count values, at least 1, to every other byte; gives the next one.
static inline int8_t* ep_conv_spread(int8_t* column, const int8_t* x, int32_t count)
{
    for (; count >= 4; count -= 4) {
        column[0] = x[0];
        column[2] = x[1];
        column[4] = x[2];
        column[6] = x[3];
        column += 8;
        x += 4;
    }
    for (; count > 0; count--) {
        *column = *x++;
        column += 2;
    }
    return column;
}

static inline int8_t* ep_conv_fill(int8_t* column, int8_t value, int32_t count)
{
    for (; count > 0; count--) {
        *column = value;
        column += 2;
    }
    return column;
}

/// One line of a window: kernel_w taps of depth_c channels each.
static inline int8_t*
ep_conv_gather_line(const ep_conv_2d_t* p, const int8_t* line, int32_t left, int8_t* column)
{
    const ep_window_t* const window = &p->window;
    const int32_t step = window->dilation_w;
    const int32_t taps = window->kernel_w;
    if (step == 1 && p->groups == 1 && left >= 0 && left + taps <= window->in_w) {
        return ep_conv_spread(column, &line[left * window->in_c], taps * p->depth_c);
    }
    for (int32_t k = 0; k < taps; k++) {
        const int32_t at = left + k * step;
        const bool inside = at >= 0 && at < window->in_w;
        column = inside ? ep_conv_spread(column, &line[at * window->in_c], p->depth_c)
                        : ep_conv_fill(column, p->zero, p->depth_c);
    }
    return column;
}

/// A window as a column, in every other byte.
static inline void
ep_conv_gather(const ep_conv_2d_t* p, const ep_conv_place_t* place, int32_t channel, int8_t* column)
{
    const ep_window_t* const window = &p->window;
    const int32_t line_bytes = window->in_w * window->in_c;
    int32_t row = place->top;
    for (int32_t k = 0; k < window->kernel_h; k++) {
        if (row >= 0 && row < window->in_h) {
            const int8_t* const line = &place->image[row * line_bytes + channel];
            column = ep_conv_gather_line(p, line, place->left, column);
        } else {
            column = ep_conv_fill(column, p->zero, window->kernel_w * p->depth_c);
        }
        row += window->dilation_h;
    }
}

/// Two pixels, all their channels; a group's weights take `weight_bytes`. Inlined, it would be there
/// twice.
static __attribute__((noinline, unused)) void
ep_conv_pair(const ep_conv_2d_t* p, const ep_conv_place_t* places, ep_columns_function_t columns,
             int32_t weight_bytes, const int8_t* w, const int32_t* bias,
             const int32_t* multipliers, const int8_t* codes, int8_t* scratch, int8_t* y0,
             int8_t* y1)
{
    const int32_t outputs = p->columns.outputs;
    for (int32_t group = 0; group < p->groups; group++) {
        ep_conv_gather(p, &places[0], group * p->depth_c, scratch);
        ep_conv_gather(p, &places[1], group * p->depth_c, scratch + 1);
        columns(&p->columns, scratch, w, bias, multipliers, codes, y0, y1);
        w += weight_bytes;
        bias += outputs;
        multipliers += outputs;
        codes += outputs;
        y0 += outputs;
        y1 += outputs;
    }
}

/// All pixels: see ep_conv_2d_s8.
static inline void ep_conv_pairs(const ep_conv_2d_t* p, ep_columns_function_t columns,
                                 int32_t weight_bytes, const int8_t* x, const int8_t* w,
                                 const int32_t* bias, const int32_t* multipliers,
                                 const int8_t* codes, int8_t* scratch, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t pixel_bytes = p->columns.outputs * p->groups;
    ep_conv_place_t places[2];
    int32_t waiting = 0;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                ep_conv_place_t* const place = &places[waiting];
                place->image = x;
                place->top = i * window->stride_h - window->pad_top;
                place->left = j * window->stride_w - window->pad_left;
                waiting++;
                if (waiting == 2) {
                    ep_conv_pair(p, places, columns, weight_bytes, w, bias, multipliers, codes,
                                 scratch, y, y + pixel_bytes);
                    y += 2 * pixel_bytes;
                    waiting = 0;
                }
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
    if (waiting != 0) {
        places[1] = places[0];
        ep_conv_pair(p, places, columns, weight_bytes, w, bias, multipliers, codes, scratch, y, y);
    }
}

#endif
