/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CONV_2D_F32_H
#define EP_CONV_2D_F32_H

#include "ep_window.h"

typedef struct {
    ep_window_t window;
    int32_t depth;   /* inputs of an output: kernel_h * kernel_w * depth_c */
    int32_t outputs; /* of a group */
    int32_t depth_c; /* input channels of a group */
    int32_t groups;
    float low; /* the activation's range */
    float high;
} ep_conv_2d_f32_t;

/// y[b][i][j][o] = clamp(sum_k x[tap k] * w[o][k] + bias[o]), summed in the order of k.
/// w: a group after the other, each as ep_dense_f32 has it. scratch: depth floats.
/// y may overlap x as edgepack computes it: a pixel's inputs are read before its outputs are
/// written (where there is one group).
/// Bit-exact with TFLite reference_ops::Conv where that neither fuses nor reorders.
void ep_conv_2d_f32(const ep_conv_2d_f32_t* p, const float* x, const float* w, const float* bias,
                    float* scratch, float* y);

#endif
