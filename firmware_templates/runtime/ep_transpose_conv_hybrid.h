/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_TRANSPOSE_CONV_HYBRID_H
#define EP_TRANSPOSE_CONV_HYBRID_H

#include "ep_phases.h"

typedef struct {
    ep_window_t window;
    int32_t outputs; /* channels */
    float low;       /* the activation's range */
    float high;
} ep_transpose_conv_hybrid_t;

/// A transposed convolution on floats with int8 weights: each image is quantised to int8 with a free
/// zero point, and its products become floats one by one, in the order of the input pixels.
/// w: phase by phase [outputs][taps][in_c], the taps in the input's order, zeros for a phase that no
/// tap reaches; scales and bias: [outputs].
/// scratch: the values of an image, then those of the widest phase's window. y must not overlap x.
/// Bit-exact with TFLite reference_ops::HybridTransposeConv.
void ep_transpose_conv_hybrid(const ep_transpose_conv_hybrid_t* p, const float* x,
                              const int8_t* w, const float* scales, const float* bias,
                              int8_t* scratch, float* y);

#endif
