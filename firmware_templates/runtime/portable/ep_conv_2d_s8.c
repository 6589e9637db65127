/* SPDX-License-Identifier: MIT-0 */
#include "ep_conv_2d_s8.h"

#include <stdbool.h>

/// Where a pixel's window starts.
typedef struct {
    const int8_t* image;
    int32_t top;
    int32_t left;
} place_t;

/// Copies count values, at least 1, to every other byte; gives the next one.
static int8_t* spread(int8_t* column, const int8_t* x, int32_t count)
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

static int8_t* fill(int8_t* column, int8_t value, int32_t count)
{
    for (; count > 0; count--) {
        *column = value;
        column += 2;
    }
    return column;
}

/// One line of a window: kernel_w taps of depth_c channels each.
static int8_t*
gather_line(const ep_conv_2d_t* p, const int8_t* line, int32_t left, int8_t* column)
{
    const ep_window_t* const window = &p->window;
    const int32_t step = window->dilation_w;
    const int32_t taps = window->kernel_w;
    if (step == 1 && p->groups == 1 && left >= 0 && left + taps <= window->in_w) {
        return spread(column, &line[left * window->in_c], taps * p->depth_c);
    }
    for (int32_t k = 0; k < taps; k++) {
        const int32_t at = left + k * step;
        const bool inside = at >= 0 && at < window->in_w;
        column = inside ? spread(column, &line[at * window->in_c], p->depth_c)
                        : fill(column, p->zero, p->depth_c);
    }
    return column;
}

/// A window as a column, in every other byte.
static void gather(const ep_conv_2d_t* p, const place_t* place, int32_t channel, int8_t* column)
{
    const ep_window_t* const window = &p->window;
    const int32_t line_bytes = window->in_w * window->in_c;
    int32_t row = place->top;
    for (int32_t k = 0; k < window->kernel_h; k++) {
        if (row >= 0 && row < window->in_h) {
            column = gather_line(p, &place->image[row * line_bytes + channel], place->left, column);
        } else {
            column = fill(column, p->zero, window->kernel_w * p->depth_c);
        }
        row += window->dilation_h;
    }
}

/// Two pixels, all their channels.
static void pair(const ep_conv_2d_t* p, const place_t* places, const int8_t* w,
                 const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                 int8_t* scratch, int8_t* y0, int8_t* y1)
{
    const int32_t outputs = p->columns.outputs;
    for (int32_t group = 0; group < p->groups; group++) {
        gather(p, &places[0], group * p->depth_c, scratch);
        gather(p, &places[1], group * p->depth_c, scratch + 1);
        ep_columns_s8(&p->columns, scratch, w, bias, multipliers, codes, y0, y1);
        w += outputs * p->columns.depth;
        bias += outputs;
        multipliers += outputs;
        codes += outputs;
        y0 += outputs;
        y1 += outputs;
    }
}

void ep_conv_2d_s8(const ep_conv_2d_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                   const int32_t* multipliers, const int8_t* codes, int8_t* scratch, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t pixel_bytes = p->columns.outputs * p->groups;
    place_t places[2];
    int32_t waiting = 0;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            for (int32_t j = 0; j < window->out_w; j++) {
                place_t* const place = &places[waiting];
                place->image = x;
                place->top = i * window->stride_h - window->pad_top;
                place->left = j * window->stride_w - window->pad_left;
                waiting++;
                if (waiting == 2) {
                    pair(p, places, w, bias, multipliers, codes, scratch, y, y + pixel_bytes);
                    y += 2 * pixel_bytes;
                    waiting = 0;
                }
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
    if (waiting != 0) {
        places[1] = places[0];
        pair(p, places, w, bias, multipliers, codes, scratch, y, y);
    }
}
