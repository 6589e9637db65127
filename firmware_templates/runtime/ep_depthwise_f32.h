/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DEPTHWISE_F32_H
#define EP_DEPTHWISE_F32_H

#include "ep_window.h"

typedef struct {
    ep_window_t window;
    int32_t multiplier; /* outputs of a channel */
    float low;          /* the activation's range */
    float high;
} ep_depthwise_f32_t;

/// y[b][i][j][o] = clamp(sum_k x[tap k][o / multiplier] * w[o][k] + bias[o]), summed in the order
/// of k over the taps inside x. w: [o][kernel_h][kernel_w]. y may overlap x as edgepack computes it:
/// pixel by pixel, channel by channel.
/// Bit-exact with TFLite reference_ops::DepthwiseConv where that neither fuses nor reorders.
void ep_depthwise_f32(const ep_depthwise_f32_t* p, const float* x, const float* w,
                      const float* bias, float* y);

#endif
