/* SPDX-License-Identifier: MIT-0 */
#include "ep_swar_conv_s8.h"

#include <stdbool.h>

#include "ep_swar_pack.h"

/// Where a pixel's window starts.
typedef struct {
    const int8_t* image;
    int32_t top;
    int32_t left;
} place_t;

/// Walks over output pixels.
typedef struct {
    const int8_t* image;
    int32_t i;
    int32_t j;
} walk_t;

static place_t next(const ep_window_t* window, walk_t* walk)
{
    const place_t place = {walk->image, walk->i * window->stride_h - window->pad_top,
                           walk->j * window->stride_w - window->pad_left};
    walk->j++;
    if (walk->j == window->out_w) {
        walk->j = 0;
        walk->i++;
        if (walk->i == window->out_h) {
            walk->i = 0;
            walk->image += window->in_h * window->in_w * window->in_c;
        }
    }
    return place;
}

/// Whether the window's columns are neighbours inside the image.
static bool is_whole(const ep_window_t* window, const place_t* place)
{
    return window->dilation_w == 1 && place->left >= 0 &&
           place->left + window->kernel_w <= window->in_w;
}

/// One line of the windows; gives the next word.
static uint32_t* pack_line(const ep_window_t* window, const place_t* places, int32_t down,
                           bool whole, const int8_t* zeros, uint32_t* to)
{
    const int32_t depth = window->in_c;
    const int32_t taps = whole ? 1 : window->kernel_w;
    for (int32_t k = 0; k < taps; k++) {
        const int8_t* x[4];
        for (int32_t px = 0; px < 4; px++) {
            const int32_t row = places[px].top + down;
            const int32_t column = places[px].left + k * window->dilation_w;
            const bool inside = row >= 0 && row < window->in_h && column >= 0 &&
                                column < window->in_w;
            x[px] = inside ? &places[px].image[(row * window->in_w + column) * depth] : zeros;
        }
        to = ep_swar_pack(x, whole ? window->kernel_w * depth : depth, to);
    }
    return to;
}

/// The windows of four pixels.
static void pack(const ep_window_t* window, const place_t* places, const int8_t* zeros,
                 uint32_t* to)
{
    bool whole = true;
    for (int32_t px = 0; px < 4; px++) {
        whole = whole && is_whole(window, &places[px]);
    }
    for (int32_t h = 0; h < window->kernel_h; h++) {
        const int32_t down = h * window->dilation_h;
        bool inside = whole;
        for (int32_t px = 0; px < 4; px++) {
            const int32_t row = places[px].top + down;
            inside = inside && row >= 0 && row < window->in_h;
        }
        to = pack_line(window, places, down, inside, zeros, to);
    }
}

static void run(const ep_swar_conv_t* p, ep_swar_way_t way, const int8_t* x, const int8_t* w,
                const uint32_t* rows, int8_t* scratch, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t outputs = p->rows.outputs;
    int8_t* const zeros = scratch + p->line;
    uint32_t* const words = (uint32_t*)(void*)scratch;
    walk_t walk = {x, 0, 0};
    for (int32_t c = 0; c < window->in_c; c++) {
        zeros[c] = p->zero;
    }
    int32_t pixels = window->batches * window->out_h * window->out_w;
    while (pixels > 0) {
        const bool alone = pixels < 4;
        place_t places[4];
        places[0] = next(window, &walk);
        for (int32_t px = 1; px < 4; px++) {
            places[px] = alone ? places[0] : next(window, &walk);
        }
        pack(window, places, zeros, words);
        way(&p->rows, words, w, rows, y, alone ? 0 : outputs);
        y += alone ? outputs : 4 * outputs;
        pixels -= alone ? 1 : 4;
    }
}

void ep_swar_conv_s8(const ep_swar_conv_t* p, const int8_t* x, const int8_t* w,
                     const uint32_t* rows, int8_t* scratch, int8_t* y)
{
    run(p, ep_swar_s8, x, w, rows, scratch, y);
}

void ep_swar_conv_signed_s8(const ep_swar_conv_t* p, const int8_t* x, const int8_t* w,
                            const uint32_t* rows, int8_t* scratch, int8_t* y)
{
    run(p, ep_swar_signed_s8, x, w, rows, scratch, y);
}
