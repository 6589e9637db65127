/* SPDX-License-Identifier: MIT-0 */
/* Convolutions by pairs of windows, whatever the weights. */
#ifndef EP_MVE_CONV_2D_BODY_H
#define EP_MVE_CONV_2D_BODY_H

#include "ep_mve_bytes.h"
#include "ep_mve_conv_2d_s8.h"
#include "ep_mve_windows_s8.h"

/// Which taps of a window along one side lie in the image: `taps` of them from tap `skipped` on,
/// which sees pixel `first`.
typedef struct {
    int32_t first;
    int32_t skipped;
    int32_t taps;
} ep_mve_clip_t;

static inline ep_mve_clip_t ep_mve_clip(int32_t start, int32_t size, int32_t kernel,
                                        int32_t dilation)
{
    const int32_t skipped = (start < 0) ? (dilation - 1 - start) / dilation : 0;
    const int32_t first = start + skipped * dilation;
    const int32_t inside = (first < size) ? (size - 1 - first) / dilation + 1 : 0;
    const int32_t left = (kernel > skipped) ? kernel - skipped : 0;
    const ep_mve_clip_t part = {first, skipped, (inside < left) ? inside : left};
    return part;
}

/// How many windows from one that starts at `left` on are whole in a line; 1 where that one is not.
static inline int32_t ep_mve_run_length(const ep_window_t* window, int32_t left, int32_t most)
{
    const int32_t reach = (window->kernel_w - 1) * window->dilation_w + 1;
    const int32_t room = window->in_w - reach - left;
    if (left < 0 || room < 0) {
        return 1;
    }
    const int32_t whole = room / window->stride_w + 1;
    return (whole < most) ? whole : most;
}

/// Puts windows side by side into columns, the zero point where they leave the image.
static inline void ep_mve_put(const ep_mve_conv_2d_t* p, const int8_t* image,
                              const ep_mve_clip_t* rows, int32_t left, int32_t count, int8_t* to)
{
    const ep_window_t* const window = &p->window;
    const int32_t depth = window->in_c;
    const ep_mve_clip_t columns =
        ep_mve_clip(left, window->in_w, window->kernel_w, window->dilation_w);
    const int32_t together = (window->dilation_w == 1) ? columns.taps : 1;
    const ep_mve_windows_t windows = {.rows = rows->taps,
                                      .bytes = together * depth,
                                      .line = window->dilation_h * window->in_w * depth,
                                      .pitch = window->kernel_w * depth,
                                      .step = window->stride_w * depth,
                                      .column = p->pixels.depth};
    if (rows->taps < window->kernel_h || columns.taps < window->kernel_w) {
        ep_mve_fill(to, p->zero, count * p->pixels.depth);
    }
    if (rows->taps == 0) {
        return;
    }
    const int8_t* from = &image[(rows->first * window->in_w + columns.first) * depth];
    to += rows->skipped * windows.pitch + columns.skipped * depth;
    for (int32_t taps = columns.taps; taps > 0; taps -= together) {
        ep_mve_windows_s8(&windows, from, to, count);
        from += window->dilation_w * depth;
        to += depth;
    }
}

static inline void ep_mve_conv_2d(const ep_mve_conv_2d_t* p, ep_mve_pixels_run_t* run,
                                  const int8_t* x, const int32_t* w, const int32_t* tables,
                                  int8_t* scratch, int8_t* y)
{
    const ep_window_t* const window = &p->window;
    const int32_t pixel_bytes = p->pixels.outputs;
    int8_t* const first = y;
    int32_t waiting = 0;
    for (int32_t b = 0; b < window->batches; b++) {
        for (int32_t i = 0; i < window->out_h; i++) {
            const int32_t top = i * window->stride_h - window->pad_top;
            const ep_mve_clip_t rows =
                ep_mve_clip(top, window->in_h, window->kernel_h, window->dilation_h);
            int32_t left = -window->pad_left;
            int32_t count = 0;
            for (int32_t j = window->out_w; j > 0; j -= count) {
                const int32_t free = p->together - waiting;
                count = ep_mve_run_length(window, left, (j < free) ? j : free);
                ep_mve_put(p, x, &rows, left, count, scratch + waiting * p->pixels.depth);
                left += count * window->stride_w;
                waiting += count;
                if (waiting == p->together) {
                    run(&p->pixels, waiting, scratch, w, tables, y);
                    y += waiting * pixel_bytes;
                    waiting = 0;
                }
            }
        }
        x += window->in_h * window->in_w * window->in_c;
    }
    if (waiting != 0) {
        run(&p->pixels, waiting, scratch, w, tables, y);
        y += waiting * pixel_bytes;
    }
    ep_mve_limit(first, (int32_t)(y - first), p->pixels.low, p->pixels.high);
}

#endif
