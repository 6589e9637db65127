/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CHAIN_1X1_S8_H
#define EP_CHAIN_1X1_S8_H

#include "ep_chain.h"

/// y[p][o] = clamp(zp_y + requantize(bias[o] + sum_k x[p][k] * w[o][k])), four pixels at a time, the
/// last ones by themselves. x: [pixels][depth]; y: [pixels][outputs].
/// stream: as ep_chain.h has it, of depth rounded up to 4. scratch, aligned to 4: 24 * rows.groups
/// bytes, and 4 * rows.groups more where depth is no multiple of 4. y may overlap x as edgepack
/// computes it: pixels are read before they are written.
/// Bit-exact with TFLite reference_integer_ops::ConvPerChannel.
void ep_chain_1x1_s8(const ep_chain_pixels_t* p, int32_t pixels, const int8_t* x,
                     const uint32_t* stream, uint32_t* scratch, int8_t* y);

#endif
