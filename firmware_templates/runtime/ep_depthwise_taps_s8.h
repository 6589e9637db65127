/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DEPTHWISE_TAPS_S8_H
#define EP_DEPTHWISE_TAPS_S8_H

#include "ep_tap_windows.h"

/// y[b][i][j][o] = clamp(zp_y + requantize(bias[o] + sum_k x[tap k][o / taps.step] * w[o][k])), any window,
/// pixel by pixel. stream: of ep_taps, as ep_tap_windows.h has it. scratch, aligned to 4: 4 * taps.taps
/// bytes, then in_c. y may overlap x as edgepack computes it: a pixel's four channels are read before they
/// are written; with several outputs a channel, all of them before the pixel.
/// Bit-exact with TFLite reference_integer_ops::DepthwiseConvPerChannel.
void ep_depthwise_taps_s8(const ep_depthwise_taps_t* p, const int8_t* x, const uint32_t* stream,
                          uint32_t* scratch, int8_t* y);

#endif
