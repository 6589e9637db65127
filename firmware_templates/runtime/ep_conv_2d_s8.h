/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CONV_2D_S8_H
#define EP_CONV_2D_S8_H

#include "ep_conv_pairs.h"

/// y[b][i][j][o] = clamp(zp_y + rescale(bias[o] + sum_k x[tap k] * w[o][k])), two pixels at a time.
/// w: a group after the other, each as ep_columns_s8 has it; bias: the zero point of x folded in.
/// scratch: 2 * columns.depth bytes. y may overlap x as edgepack computes it for this very shape:
/// both pixels' inputs are read before their outputs are written (where there is one group).
/// Bit-exact with TFLite reference_integer_ops::ConvPerChannel.
void ep_conv_2d_s8(const ep_conv_2d_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                   const int32_t* multipliers, const int8_t* codes, int8_t* scratch, int8_t* y);

#endif
