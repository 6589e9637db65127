/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_DEPTHWISE_S8_H
#define EP_MVE_DEPTHWISE_S8_H

#include "ep_mve_depthwise_row_s8.h"
#include "ep_window.h"

typedef struct {
    ep_window_t window; /* 3x3, not dilated, one output a channel */
    int16_t zero_y;     /* zero points */
    int8_t zero_x;
    int8_t signs; /* as in ep_mve_depthwise_row_t */
    int8_t low;   /* the activation's range */
    int8_t high;
} ep_mve_depthwise_t;

/// A depthwise 3x3 convolution. w and tables: as ep_mve_depthwise_row_s8 has them; of 8 channels,
/// each stands twice, for two windows side by side.
/// ring: ceil(in_c / 16) * columns * 48 bytes, columns = (out_w - 1) * stride_w + 3 (of 8 channels,
/// one stride more): three lines of x, to which lines are added as the windows go down.
/// y may overlap x as edgepack computes it: a line of y is written when all the lines of x that
/// its windows see are in the ring.
void ep_mve_depthwise_s8(const ep_mve_depthwise_t* p, const int8_t* x, const int32_t* w,
                         const int32_t* tables, int8_t* ring, int8_t* y);

#endif
