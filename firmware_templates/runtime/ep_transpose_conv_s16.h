/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_TRANSPOSE_CONV_S16_H
#define EP_TRANSPOSE_CONV_S16_H

#include "ep_dots_s16.h"
#include "ep_phases.h"

typedef struct {
    ep_window_t window;
    int32_t outputs; /* channels */
    int8_t twice;    /* 1: TFLite's two roundings of an int32_t, else one of an int64_t */
    int16_t low;     /* the activation's range */
    int16_t high;
} ep_transpose_conv_s16_t;

/// y[b][i][j][o] = clamp(scale(bias[o] + the sum over the input pixels that reach it)); zero points
/// are 0. w: phase by phase as ep_dots_s16 has it, the taps in the input's order, zeros for a phase
/// that no tap reaches. multipliers, shifts: with one rounding as ep_requantize_wide has them, with
/// two as ep_requantize. scratch: the values of the widest phase's window. y must not overlap x.
/// edgepack proves that the sums fit int32_t with two roundings, 47 bits with one.
/// Bit-exact with TFLite reference_integer_ops::TransposeConv on int16.
void ep_transpose_conv_s16(const ep_transpose_conv_s16_t* p, const int16_t* x, const int8_t* w,
                           const int64_t* bias, const int32_t* multipliers, const int8_t* shifts,
                           int16_t* scratch, int16_t* y);

#endif
