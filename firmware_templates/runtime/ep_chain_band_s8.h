/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CHAIN_BAND_S8_H
#define EP_CHAIN_BAND_S8_H

#include "ep_band.h"

/// y[b][i][j][o] = clamp(zp_y + requantize(bias[o] + sum_k x[tap k] * w[o][k])), four pixels at a
/// time, the last ones by themselves. The lines that four pixels see are copied to a band, with what
/// lies beside the image. stream: as ep_chain.h has it, of each line the values in whole words, then
/// what is left of each. scratch, aligned to 4: 24 * rows.groups bytes, whole.pitch * lines, then
/// 4 * kernel_h * rest rounded up to 4 each.
/// y may overlap x as edgepack computes it: pixels are read before they are written.
/// Bit-exact with TFLite reference_integer_ops::ConvPerChannel.
void ep_chain_band_s8(const ep_band_conv_t* p, const int8_t* x, const uint32_t* stream,
                      uint32_t* scratch, int8_t* y);

#endif
