/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CONV_2D_S16_H
#define EP_CONV_2D_S16_H

#include "ep_dots_s16.h"
#include "ep_window.h"

typedef struct {
    ep_window_t window;
    int32_t depth;   /* of one group: kernel_h * kernel_w * depth_c */
    int32_t outputs; /* of one group */
    int32_t depth_c; /* input channels of a group */
    int32_t groups;
    int8_t way;  /* of scaling: EP_SCALE_... of ep_scale_s16.h */
    int16_t low; /* the activation's range */
    int16_t high;
} ep_conv_2d_s16_t;

/// y[b][i][j][o] = clamp(scale(bias[o] + sum_k x[tap k] * w[o][k])); zero points are 0.
/// w: a group after the other: blocks of 4 rows, then the 1 to 3 rows left one by one, each as
/// ep_dots_s16 has it. multipliers, shifts: see ep_scale_s16.
/// scratch: [depth].
/// y may overlap x as edgepack computes it for this very shape: all that a pixel needs is read
/// before its outputs are written (where there is one group).
/// edgepack proves that the sums fit what the way of scaling takes.
/// Bit-exact with TFLite reference_integer_ops::ConvPerChannel on int16.
void ep_conv_2d_s16(const ep_conv_2d_s16_t* p, const int16_t* x, const int8_t* w,
                    const int64_t* bias, const int32_t* multipliers, const int8_t* shifts,
                    int16_t* scratch, int16_t* y);

#endif
