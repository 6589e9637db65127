/* SPDX-License-Identifier: MIT-0 */
#include "ep_conv_2d_tile_f32.h"

#include <stdbool.h>
#include <stddef.h>

#include "ep_row_four_f32.h"
#include "ep_tile_f32.h"

#define PIXELS 4

/// The place of the next pixel.
typedef struct {
    const float* image;
    int32_t i;
    int32_t j;
} place_t;

/// The window of a pixel, zeros outside the image.
static void gather(const ep_window_t* window, const place_t* place, float* to)
{
    const int32_t left = place->j * window->stride_w - window->pad_left;
    const bool run =
        window->dilation_w == 1 && left >= 0 && left + window->kernel_w <= window->in_w;
    int32_t row = place->i * window->stride_h - window->pad_top;
    for (int32_t h = 0; h < window->kernel_h; h++) {
        const bool line = row >= 0 && row < window->in_h;
        const float* const start = &place->image[row * window->in_w * window->in_c];
        if (line && run) {
            to = ep_put_f32(to, &start[left * window->in_c], window->kernel_w * window->in_c);
        } else {
            int32_t at = left;
            for (int32_t k = 0; k < window->kernel_w; k++) {
                const bool inside = line && at >= 0 && at < window->in_w;
                to = ep_put_f32(to, inside ? &start[at * window->in_c] : NULL, window->in_c);
                at += window->dilation_w;
            }
        }
        row += window->dilation_h;
    }
}

static void advance(const ep_window_t* window, place_t* place)
{
    place->j++;
    if (place->j == window->out_w) {
        place->j = 0;
        place->i++;
    }
    if (place->i == window->out_h) {
        place->i = 0;
        place->image += window->in_h * window->in_w * window->in_c;
    }
}

/// All outputs of four pixels, whose windows are in columns.
static void tile(const ep_conv_2d_f32_t* p, const float* columns, const float* w,
                 const float* bias, float* y)
{
    const int32_t whole = p->outputs & ~3;
    const ep_range_f32_t range = {p->low, p->high};
    const ep_tile_f32_t four = {p->depth, p->outputs, p->low, p->high};
    for (int32_t at = 0; at < whole; at += 4) {
        ep_tile_f32(&four, columns, w, &bias[at], &y[at]);
        w += 4 * p->depth;
    }
    if (whole < p->outputs) {
        for (int32_t i = 0; i < PIXELS; i++) {
            ep_row_four_f32(&columns[i * p->depth], w, &bias[whole], p->depth, p->outputs - whole,
                       range, &y[i * p->outputs + whole]);
        }
    }
}

void ep_conv_2d_tile_f32(const ep_conv_2d_f32_t* p, const float* x, const float* w,
                         const float* bias, float* scratch, float* y)
{
    const ep_window_t* const window = &p->window;
    const ep_range_f32_t range = {p->low, p->high};
    place_t place = {x, 0, 0};
    int32_t left = window->batches * window->out_h * window->out_w;
    for (; left >= PIXELS; left -= PIXELS) {
        for (int32_t i = 0; i < PIXELS; i++) {
            gather(window, &place, &scratch[i * p->depth]);
            advance(window, &place);
        }
        tile(p, scratch, w, bias, y);
        y += PIXELS * p->outputs;
    }
    for (; left > 0; left--) {
        gather(window, &place, scratch);
        advance(window, &place);
        ep_row_four_f32(scratch, w, bias, p->depth, p->outputs, range, y);
        y += p->outputs;
    }
}
