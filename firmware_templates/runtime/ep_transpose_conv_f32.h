/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_TRANSPOSE_CONV_F32_H
#define EP_TRANSPOSE_CONV_F32_H

#include "ep_phases.h"

typedef struct {
    ep_window_t window;
    int32_t outputs; /* channels */
    float low;       /* the activation's range */
    float high;
} ep_transpose_conv_f32_t;

/// y[b][i][j][o] = clamp(the sum over the input pixels that reach it, in their order, + bias[o]).
/// w: phase by phase as ep_dense_f32 has it, the taps in the input's order, zeros for a phase that
/// no tap reaches. scratch: the floats of the widest phase's window. y must not overlap x.
/// Bit-exact with TFLite reference_ops::TransposeConv.
void ep_transpose_conv_f32(const ep_transpose_conv_f32_t* p, const float* x, const float* w,
                           const float* bias, float* scratch, float* y);

#endif
