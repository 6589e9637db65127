/* SPDX-License-Identifier: MIT-0 */
/* The taps of a dilated window that lie inside the image. */
#ifndef EP_CLIP_H
#define EP_CLIP_H

#include "ep_window.h"

typedef struct {
    int32_t offset;  /* of the first tap, in elements */
    int32_t skipped; /* weights before the first tap */
    int32_t lines;   /* 0 and taps anything, or the other way round, where none lies inside */
    int32_t taps;    /* of a line */
} ep_clip_t;

/// The part [*first, *first + the result) of `kernel` taps at start + k * dilation in [0, size).
static inline int32_t
ep_clip_side(int32_t start, int32_t kernel, int32_t dilation, int32_t size, int32_t* first)
{
    int32_t low = 0;
    int32_t high = kernel;
    while (low < high && start + low * dilation < 0) {
        low++;
    }
    while (low < high && start + (high - 1) * dilation >= size) {
        high--;
    }
    *first = low;
    return high - low;
}

/// The taps under output (i, j).
static inline ep_clip_t ep_clip(const ep_window_t* window, int32_t i, int32_t j)
{
    const int32_t top = i * window->stride_h - window->pad_top;
    const int32_t left = j * window->stride_w - window->pad_left;
    int32_t h;
    int32_t k;
    ep_clip_t clip;
    clip.lines = ep_clip_side(top, window->kernel_h, window->dilation_h, window->in_h, &h);
    clip.taps = ep_clip_side(left, window->kernel_w, window->dilation_w, window->in_w, &k);
    clip.skipped = h * window->kernel_w + k;
    clip.offset = 0;
    if (clip.lines > 0 && clip.taps > 0) {
        const int32_t row = top + h * window->dilation_h;
        const int32_t column = left + k * window->dilation_w;
        clip.offset = (row * window->in_w + column) * window->in_c;
    }
    return clip;
}

#endif
