/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DEPTHWISE_S16_H
#define EP_DEPTHWISE_S16_H

#include "ep_window.h"

typedef struct {
    ep_window_t window;
    int32_t multiplier; /* outputs of a channel */
    int8_t way;         /* of scaling: EP_SCALE_... of ep_scale_s16.h */
    int16_t low;        /* the activation's range */
    int16_t high;
} ep_depthwise_s16_t;

/// y[b][i][j][o] = clamp(scale(bias[o] + sum_k x[tap k][o / multiplier] * w[o][k]))
/// w: [o][kernel_h][kernel_w]; zero points are 0. multipliers, shifts: see ep_scale_s16.
/// A window has less than 512 taps, so that their products fit int32_t.
/// y may overlap x as edgepack computes it for this very shape: pixel by pixel, channel by channel.
/// Bit-exact with TFLite reference_integer_ops::DepthwiseConvPerChannel on int16.
void ep_depthwise_s16(const ep_depthwise_s16_t* p, const int16_t* x, const int8_t* w,
                      const int64_t* bias, const int32_t* multipliers, const int8_t* shifts,
                      int16_t* y);

#endif
