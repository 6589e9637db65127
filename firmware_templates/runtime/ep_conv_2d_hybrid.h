/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CONV_2D_HYBRID_H
#define EP_CONV_2D_HYBRID_H

#include "ep_hybrid_sums.h"
#include "ep_window.h"

/// A convolution on floats with int8 weights: each image is quantised to int8, then every window of
/// each group goes through ep_hybrid_sums, whose sizes are of one group.
/// w: a group after the other; totals, scales and bias: channel by channel.
/// scratch: the values of an image, then depth bytes. y must not overlap x.
/// edgepack proves that the sums fit int32_t. Bit-exact with TFLite's hybrid Conv.
void ep_conv_2d_hybrid(const ep_window_t* window, int32_t groups, const ep_hybrid_sums_t* p,
                       const float* x, const int8_t* w, const int32_t* totals,
                       const float* scales, const float* bias, int8_t* scratch, float* y);

#endif
