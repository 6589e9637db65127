/* SPDX-License-Identifier: MIT-0 */
/* Pools: what they take, and the part of a window that lies inside the image. */
#ifndef EP_POOL_H
#define EP_POOL_H

#include "ep_window.h"

typedef struct {
    ep_window_t window;
    int8_t low; /* the activation's range */
    int8_t high;
} ep_pool_s8_t;

typedef struct {
    ep_window_t window;
    int16_t low; /* the activation's range */
    int16_t high;
} ep_pool_s16_t;

typedef struct {
    ep_window_t window;
    float low; /* the activation's range */
    float high;
} ep_pool_f32_t;

typedef struct {
    int32_t offset; /* of its first pixel, in elements */
    int32_t lines;  /* at least 1 */
    int32_t taps;   /* of a line, at least 1 */
} ep_pool_part_t;

/// The part under output (i, j).
static inline ep_pool_part_t ep_pool_part(const ep_window_t* window, int32_t i, int32_t j)
{
    ep_pool_part_t part;
    const int32_t top = i * window->stride_h - window->pad_top;
    const int32_t left = j * window->stride_w - window->pad_left;
    const int32_t first_h = (top > 0) ? top : 0;
    const int32_t first_w = (left > 0) ? left : 0;
    const int32_t last_h = top + window->kernel_h;
    const int32_t last_w = left + window->kernel_w;
    part.offset = (first_h * window->in_w + first_w) * window->in_c;
    part.lines = ((last_h < window->in_h) ? last_h : window->in_h) - first_h;
    part.taps = ((last_w < window->in_w) ? last_w : window->in_w) - first_w;
    return part;
}

#endif
