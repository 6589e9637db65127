/* SPDX-License-Identifier: MIT-0 */
/* Convolutions by chained pixels, whatever the weights. */
#ifndef EP_CHAIN_CONV_BODY_H
#define EP_CHAIN_CONV_BODY_H

#include "ep_chain_conv_s8.h"
#include "ep_limit_s8.h"

/// Where four pixels' windows start.
typedef struct {
    const int8_t* image[4];
    int32_t top[4];
    int32_t left[4];
} ep_chain_places_t;

/// Copies a run of values; gives the end of to.
static inline int8_t* ep_chain_conv_copy(int8_t* to, const int8_t* x, int32_t count)
{
    for (; count >= 4; count -= 4) {
        __builtin_memcpy(to, x, 4);
        to += 4;
        x += 4;
    }
    for (; count > 0; count--) {
        *to++ = *x++;
    }
    return to;
}

static inline int8_t* ep_chain_conv_fill(int8_t* to, int8_t value, int32_t count)
{
    for (; count > 0; count--) {
        *to++ = value;
    }
    return to;
}

/// A window's values side by side.
static inline void ep_chain_conv_gather(const ep_chain_conv_t* p, const int8_t* image,
                                        int32_t top, int32_t left,
                   int8_t* to)
{
    const ep_window_t* const window = &p->window;
    const int32_t channels = window->in_c;
    const int32_t taps = window->kernel_w;
    const bool whole = window->dilation_w == 1 && left >= 0 && left + taps <= window->in_w;
    int32_t row = top;
    for (int32_t h = 0; h < window->kernel_h; h++) {
        if (row < 0 || row >= window->in_h) {
            to = ep_chain_conv_fill(to, p->zero, taps * channels);
        } else if (whole) {
            to = ep_chain_conv_copy(to, &image[(row * window->in_w + left) * channels],
                                    taps * channels);
        } else {
            int32_t column = left;
            for (int32_t k = 0; k < taps; k++) {
                const bool inside = column >= 0 && column < window->in_w;
                const int8_t* const tap = &image[(row * window->in_w + column) * channels];
                to = inside ? ep_chain_conv_copy(to, tap, channels)
                          : ep_chain_conv_fill(to, p->zero, channels);
                column += window->dilation_w;
            }
        }
        row += window->dilation_h;
    }
}

/// The windows of channels that are no whole words, copied before they are chained.
static inline void ep_chain_conv_chain_copies(const ep_chain_conv_t* p,
                                              const ep_chain_places_t* places, int8_t* copies,
                         uint32_t* chained)
{
    const int8_t* rows[4];
    const int32_t bytes = 4 * p->rows.groups;
    for (int32_t i = 0; i < 4; i++) {
        int8_t* const row = &copies[i * bytes];
        rows[i] = (i == 0) ? row : rows[i - 1];
        if (i == 0 || places->image[i] != places->image[i - 1] ||
            places->top[i] != places->top[i - 1] || places->left[i] != places->left[i - 1]) {
            ep_chain_conv_gather(p, places->image[i], places->top[i], places->left[i], row);
            rows[i] = row;
        }
    }
    (void)ep_chain_widen(rows, p->rows.groups, chained);
}

/// One line of the windows where some tap leaves the image.
static inline uint32_t* ep_chain_conv_chain_taps(const ep_chain_conv_t* p,
                                                 const ep_chain_places_t* places, int32_t down,
                            const int8_t* zeros, uint32_t* chained)
{
    const ep_window_t* const window = &p->window;
    for (int32_t k = 0; k < window->kernel_w; k++) {
        const int8_t* rows[4];
        for (int32_t i = 0; i < 4; i++) {
            const int32_t row = places->top[i] + down;
            const int32_t column = places->left[i] + k * window->dilation_w;
            const bool inside =
                row >= 0 && row < window->in_h && column >= 0 && column < window->in_w;
            rows[i] = inside
                          ? &places->image[i][(row * window->in_w + column) * window->in_c]
                          : zeros;
        }
        chained = ep_chain_widen(rows, window->in_c / 4, chained);
    }
    return chained;
}

/// The windows of channels that are whole words, chained where they lie.
static inline void ep_chain_conv_chain(const ep_chain_conv_t* p, const ep_chain_places_t* places,
                                       const int8_t* zeros,
                  uint32_t* chained)
{
    const ep_window_t* const window = &p->window;
    const int32_t reach = (window->kernel_h - 1) * window->dilation_h;
    const int8_t* rows[4];
    bool whole = window->dilation_w == 1;
    for (int32_t i = 0; i < 4; i++) {
        const int32_t top = places->top[i];
        const int32_t left = places->left[i];
        whole = whole && left >= 0 && left + window->kernel_w <= window->in_w && top >= 0 &&
                top + reach < window->in_h;
    }
    if (!whole) {
        for (int32_t h = 0; h < window->kernel_h; h++) {
            chained = ep_chain_conv_chain_taps(p, places, h * window->dilation_h, zeros, chained);
        }
        return;
    }
    for (int32_t i = 0; i < 4; i++) {
        const int32_t start = places->top[i] * window->in_w + places->left[i];
        rows[i] = &places->image[i][start * window->in_c];
    }
    for (int32_t h = 0; h < window->kernel_h; h++) {
        chained = ep_chain_widen(rows, window->kernel_w * window->in_c / 4, chained);
        for (int32_t i = 0; i < 4; i++) {
            rows[i] += window->dilation_h * window->in_w * window->in_c;
        }
    }
}

/// One tile: count pixels, 4 or 1, whose places are set.
static inline void ep_chain_conv_tile(const ep_chain_conv_t* p, ep_chain_rows_t* outputs_of,
                                      ep_chain_places_t* places, int32_t count,
                 const uint32_t* stream, uint32_t* scratch, int8_t* y)
{
    const ep_chain_t* const rows = &p->rows;
    int8_t* const rest = (int8_t*)&scratch[6 * rows->groups];
    for (int32_t i = count; i < 4; i++) {
        places->image[i] = places->image[0];
        places->top[i] = places->top[0];
        places->left[i] = places->left[0];
    }
    if (p->window.in_c % 4 == 0) {
        ep_chain_conv_chain(p, places, rest, scratch);
    } else {
        ep_chain_conv_chain_copies(p, places, rest, scratch);
    }
    const int32_t step = (count == 4) ? rows->outputs : 0;
    outputs_of(rows, scratch, stream, y, step);
}

static inline void ep_chain_conv_run(const ep_chain_conv_t* p, ep_chain_rows_t* outputs_of,
                                     const int8_t* x, const uint32_t* stream,
                      uint32_t* scratch, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t image_pixels = window->out_h * window->out_w;
    const int32_t pixels = window->batches * image_pixels;
    int8_t* const first = y;
    int32_t i = 0;
    int32_t j = 0;
    if (window->in_c % 4 == 0) {
        (void)ep_chain_conv_fill((int8_t*)&scratch[6 * p->rows.groups], p->zero, window->in_c);
    }
    for (int32_t done = 0; done < pixels;) {
        const int32_t count = (pixels - done >= 4) ? 4 : 1;
        ep_chain_places_t places;
        for (int32_t k = 0; k < count; k++) {
            places.image[k] = x;
            places.top[k] = i * window->stride_h - window->pad_top;
            places.left[k] = j * window->stride_w - window->pad_left;
            j++;
            if (j == window->out_w) {
                j = 0;
                i++;
            }
            if (i == window->out_h) {
                i = 0;
                x += window->in_h * window->in_w * window->in_c;
            }
        }
        ep_chain_conv_tile(p, outputs_of, &places, count, stream, scratch, y);
        done += count;
        y += count * p->rows.outputs;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}

#endif
