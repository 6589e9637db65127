/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_PLANAR_S8_H
#define EP_MVE_PLANAR_S8_H

#include "ep_mve_planar_line_s8.h"
#include "ep_window.h"

typedef struct {
    ep_window_t window; /* 3x3, not dilated, one output a channel, stride_w 1 or 2, out_w >= 4 */
    int16_t zero_y;     /* zero points */
    int8_t zero_x;
    int8_t signs; /* as in ep_mve_planar_line_t */
    int8_t low;   /* the activation's range */
    int8_t high;
} ep_mve_planar_t;

/// A depthwise 3x3 convolution whose lines are long. w, bias and tables: as ep_mve_planar_line_s8
/// has them.
/// ring: in_c * columns * 3 + 16 bytes, columns = (out_w - 1) * stride_w + 3: three lines of x,
/// channel by channel, to which lines are added as the windows go down.
/// y may overlap x as edgepack computes it: a line of y is written when all the lines of x that
/// its windows see are in the ring.
void ep_mve_planar_s8(const ep_mve_planar_t* p, const int8_t* x, const int8_t* w,
                      const int32_t* bias, const int32_t* tables, int8_t* ring, int8_t* y);

#endif
