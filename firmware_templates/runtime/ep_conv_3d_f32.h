/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CONV_3D_F32_H
#define EP_CONV_3D_F32_H

#include "ep_window.h"

/// Volumes are [batches][depth][height][width][channels]; output (d, i, j) sees planes
/// d * stride_d - pad_front + k * dilation_d, and in each what `window` says.
typedef struct {
    ep_window_t window;
    int32_t in_d;
    int32_t out_d;
    int32_t kernel_d;
    int32_t stride_d;
    int32_t dilation_d;
    int32_t pad_front;
    int32_t depth; /* inputs of an output: kernel_d * kernel_h * kernel_w * in_c */
    int32_t outputs;
    float low; /* the activation's range */
    float high;
} ep_conv_3d_f32_t;

/// y[b][d][i][j][o] = clamp(sum_k x[tap k] * w[o][k] + bias[o]), summed in the order of k: planes,
/// rows, columns, channels. w: as ep_dense_f32 has it. scratch: depth floats.
/// x and y must not overlap.
/// Bit-exact with TFLite reference_ops::Conv3D where that neither fuses nor reorders.
void ep_conv_3d_f32(const ep_conv_3d_f32_t* p, const float* x, const float* w, const float* bias,
                    float* scratch, float* y);

#endif
