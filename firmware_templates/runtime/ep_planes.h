/* SPDX-License-Identifier: MIT-0 */
/* The way of depthwise 3x3 kernels through an image, four channels at a time. */
#ifndef EP_PLANES_H
#define EP_PLANES_H

#include <stdbool.h>

#include "ep_plane.h"
#include "ep_window.h"

typedef struct {
    /* 3x3, not dilated, strides 1 or 2 and alike, in_c at least 4, pad_left below 3; where turned,
     * heights and widths change places */
    ep_window_t window;
    int32_t columns;   /* of a plane: (out_w - 1) * stride + 3 */
    int32_t lines;     /* of a strip: pairs of rows that scratch holds */
    int32_t zero_term; /* 2 * zero point of y + 1 */
    bool turned;       /* rows of a plane are columns of the image */
    int8_t zero;       /* zero point of x, read where the window leaves it */
    int8_t low;
    int8_t high;
} ep_planes_3x3_t;

/// What makes outputs of a strip.
typedef struct {
    ep_plane_run_t* rows;
    ep_plane_run_t* single;
    ep_plane_run_t* halves;
    int32_t words; /* of a channel */
} ep_plane_ways_t;

/// y[b][i][j][c] of a depthwise convolution, as ep_planes_3x3_s8 has it.
void ep_planes(const ep_planes_3x3_t* p, const ep_plane_ways_t* ways, const int8_t* x,
               const uint32_t* channels, uint32_t* scratch, int8_t* y);

#endif
