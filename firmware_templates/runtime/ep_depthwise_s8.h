/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DEPTHWISE_S8_H
#define EP_DEPTHWISE_S8_H

#include "ep_window.h"

typedef struct {
    ep_window_t window;
    int32_t multiplier; /* outputs of a channel */
    int16_t zero_term;  /* 2 * zero point of y + 1 */
    int8_t zero;        /* zero point of x */
    int8_t low;         /* the activation's range */
    int8_t high;
} ep_depthwise_t;

/// y[b][i][j][o] = clamp(zp_y + rescale(bias[o] +
///                       sum_k (x[tap k][o / multiplier] - zp_x) * w[o][k]))
/// w: [o][kernel_h][kernel_w]; bias as in the model, nothing folded in. y may overlap x as edgepack
/// computes it for this very shape: pixel by pixel, channel by channel.
/// Bit-exact with TFLite reference_integer_ops::DepthwiseConvPerChannel.
void ep_depthwise_s8(const ep_depthwise_t* p, const int8_t* x, const int8_t* w,
                     const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                     int8_t* y);

#endif
