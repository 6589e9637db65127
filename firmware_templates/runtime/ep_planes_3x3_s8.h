/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_PLANES_3X3_S8_H
#define EP_PLANES_3X3_S8_H

#include "ep_planes.h"

/// y[b][i][j][c] = clamp(zp_y + requantize(bias[c] + sum_k x[tap k][c] * w[c][k])), four channels at
/// a time, their planes in strips of some rows. channels: [in_c] of ep_plane_channel_t, in words.
/// scratch: 32 * columns * lines + 4 bytes, aligned to 4. y may be x itself, or lie apart from it;
/// nothing between.
/// Bit-exact with TFLite reference_integer_ops::DepthwiseConvPerChannel, where edgepack proves that
/// each channel's factor and nudge climb the same steps.
void ep_planes_3x3_s8(const ep_planes_3x3_t* p, const int8_t* x, const uint32_t* channels,
                      uint32_t* scratch, int8_t* y);

#endif
