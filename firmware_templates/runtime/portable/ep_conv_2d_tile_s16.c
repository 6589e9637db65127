/* SPDX-License-Identifier: MIT-0 */
#include "ep_conv_2d_tile_s16.h"

#include <stdbool.h>
#include <stddef.h>

#include "ep_scale_s16.h"
#include "ep_tile_s16.h"

#define PIXELS 4

/// The place of the next pixel.
typedef struct {
    const int16_t* image;
    int32_t i;
    int32_t j;
} place_t;

/// Puts the pairs of a column, or zeros, where a pixel of a tile has them; gives the next place.
static int16_t* spread(const int16_t* from, int32_t pairs, int16_t* to)
{
    for (int32_t k = 0; k < pairs; k++) {
        if (from != NULL) {
            __builtin_memcpy(to, from, 4);
            from += 2;
        } else {
            to[0] = 0;
            to[1] = 0;
        }
        to += 2 * PIXELS;
    }
    return to;
}

static int16_t* put(const int16_t* from, int32_t count, int16_t* to)
{
    for (int32_t k = 0; k < count; k++) {
        to[k] = (from != NULL) ? from[k] : 0;
    }
    return to + count;
}

/// The window of a pixel, zeros outside the image: where the tile has it, or by way of a column.
static void gather(const ep_window_t* window, const place_t* place, int32_t pairs, int16_t* column,
                   int16_t* tile)
{
    const bool even = window->in_c % 2 == 0;
    int16_t* to = even ? tile : column;
    int32_t row = place->i * window->stride_h - window->pad_top;
    for (int32_t h = 0; h < window->kernel_h; h++) {
        int32_t at = place->j * window->stride_w - window->pad_left;
        for (int32_t k = 0; k < window->kernel_w; k++) {
            const bool inside = row >= 0 && row < window->in_h && at >= 0 && at < window->in_w;
            const int16_t* const from =
                inside ? &place->image[(row * window->in_w + at) * window->in_c] : NULL;
            to = even ? spread(from, window->in_c / 2, to) : put(from, window->in_c, to);
            at += window->dilation_w;
        }
        row += window->dilation_h;
    }
    if (!even) {
        (void)spread(column, pairs, tile);
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

/// Writes one output of some pixels.
static void finish(const ep_conv_2d_s16_t* p, const int32_t* sums, int32_t count,
                   int32_t multiplier, int32_t shift, int16_t* y)
{
    const int32_t low = p->low;
    const int32_t high = p->high;
    const int32_t step = p->outputs;
    if (p->way == EP_SCALE_QUICK) {
        const int32_t half = 1 << (shift - 1);
        for (const int32_t* const end = sums + count; sums != end; sums++) {
            const int32_t value = (ep_high_word(*sums, multiplier) + half) >> shift;
            *y = (int16_t)ep_clamp(value, low, high);
            y += step;
        }
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        *y = (int16_t)ep_clamp(ep_scale_s16(sums[i], multiplier, shift, p->way), low, high);
        y += step;
    }
}

void ep_conv_2d_tile_s16(const ep_conv_2d_s16_t* p, const int16_t* x, const int8_t* w,
                         const int32_t* bias, const int32_t* multipliers, const int8_t* shifts,
                         int16_t* scratch, int16_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t pairs = (p->depth + 7) / 8 * 4;
    int16_t* const column = &scratch[2 * PIXELS * pairs];
    place_t place = {x, 0, 0};
    int32_t left = window->batches * window->out_h * window->out_w;
    for (int32_t k = 0; k < (2 + 2 * PIXELS) * pairs; k++) {
        scratch[k] = 0;
    }
    while (left > 0) {
        const int32_t count = (left < PIXELS) ? left : PIXELS;
        const int8_t* rows = w;
        for (int32_t i = 0; i < count; i++) {
            gather(window, &place, pairs, column, &scratch[2 * i]);
            advance(window, &place);
        }
        for (int32_t o = 0; o < p->outputs; o += 2) {
            int32_t sums[2 * PIXELS];
            const int32_t both = (p->outputs - o < 2) ? 1 : 2;
            ep_tile_s16(scratch, rows, pairs, &bias[o], sums);
            rows += 4 * pairs;
            for (int32_t r = 0; r < both; r++) {
                finish(p, &sums[PIXELS * r], count, multipliers[o + r], shifts[o + r],
                       &y[o + r]);
            }
        }
        y += count * p->outputs;
        left -= count;
    }
}
