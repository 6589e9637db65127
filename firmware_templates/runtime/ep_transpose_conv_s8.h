/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_TRANSPOSE_CONV_S8_H
#define EP_TRANSPOSE_CONV_S8_H

#include "ep_columns_s8.h"
#include "ep_phases.h"

typedef struct {
    ep_columns_t columns; /* depth of the widest phase */
    ep_window_t window;
    int8_t zero; /* zero point of x, read where a window leaves it */
} ep_transpose_conv_t;

/// y[b][i][j][o] = clamp(zp_y + rescale(bias[o] + the sum over the input pixels that reach it)).
/// w: phase by phase as ep_columns_s8 has it, the taps in the input's order, zeros for a phase that
/// no tap reaches; bias: [phases][outputs], the zero point of x folded in.
/// scratch: 2 * columns.depth bytes. y must not overlap x. edgepack proves that sums fit int32_t.
/// Bit-exact with TFLite reference_integer_ops::TransposeConv.
void ep_transpose_conv_s8(const ep_transpose_conv_t* p, const int8_t* x, const int8_t* w,
                          const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                          int8_t* scratch, int8_t* y);

#endif
