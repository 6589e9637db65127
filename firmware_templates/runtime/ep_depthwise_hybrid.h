/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DEPTHWISE_HYBRID_H
#define EP_DEPTHWISE_HYBRID_H

#include "ep_float.h"
#include "ep_window.h"

/// A depthwise convolution on floats with int8 weights: each image is quantised to int8 first.
/// Output channel o sees input channel o / multiplier. w: [channels][kernel_h * kernel_w];
/// scales and bias: a value a channel. scratch: the values of an image. y must not overlap x.
/// edgepack proves that the sums fit int32_t. Bit-exact with TFLite's DepthwiseConvHybridPerChannel.
void ep_depthwise_hybrid(const ep_window_t* window, int32_t multiplier,
                         const ep_range_f32_t* range, const float* x, const int8_t* w,
                         const float* scales, const float* bias, int8_t* scratch, float* y);

#endif
