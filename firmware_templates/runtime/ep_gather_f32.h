/* SPDX-License-Identifier: MIT-0 */
/* A window of floats as a column. */
#ifndef EP_GATHER_F32_H
#define EP_GATHER_F32_H

#include <stdbool.h>
#include <stddef.h>

#include "ep_window.h"

/// Copies count values, or zeros where there are none; gives the end of `to`.
static inline float* ep_gather_put_f32(float* to, const float* from, int32_t count)
{
    if (from == NULL) {
        for (int32_t i = 0; i < count; i++) {
            to[i] = 0.0f;
        }
    } else {
        for (int32_t i = 0; i < count; i++) {
            to[i] = from[i];
        }
    }
    return to + count;
}

/// The window at (top, left), zeros outside the image: [kernel_h][kernel_w][depth_c].
/// image: at the first of the depth_c channels of pixel (0, 0).
static inline void ep_gather_f32(const ep_window_t* window, int32_t depth_c, const float* image,
                                 int32_t top, int32_t left, float* column)
{
    int32_t row = top;
    for (int32_t h = 0; h < window->kernel_h; h++) {
        const bool line = row >= 0 && row < window->in_h;
        int32_t at = left;
        for (int32_t k = 0; k < window->kernel_w; k++) {
            const bool inside = line && at >= 0 && at < window->in_w;
            const float* const from =
                inside ? &image[(row * window->in_w + at) * window->in_c] : NULL;
            column = ep_gather_put_f32(column, from, depth_c);
            at += window->dilation_w;
        }
        row += window->dilation_h;
    }
}

#endif
