/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CONV_2D_F16_H
#define EP_CONV_2D_F16_H

#include "ep_window.h"

typedef struct {
    ep_window_t window;
    int32_t depth;   /* inputs of an output: kernel_h * kernel_w * depth_c */
    int32_t outputs; /* of a group */
    int32_t depth_c; /* input channels of a group */
    int32_t groups;
    float low; /* the activation's range */
    float high;
} ep_conv_2d_f16_t;

/// ep_conv_2d_f32 with weights in half precision: see ep_row_f16.
void ep_conv_2d_f16(const ep_conv_2d_f16_t* p, const float* x, const uint16_t* w,
                    const float* bias, float* scratch, float* y);

#endif
