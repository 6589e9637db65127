/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CONV_2D_TILE_F32_H
#define EP_CONV_2D_TILE_F32_H

#include "ep_conv_2d_f32.h"

/// What ep_conv_2d_f32 does with one group, four pixels at a time, the last ones by themselves: the
/// same sums in the same order. scratch: 4 * depth floats.
void ep_conv_2d_tile_f32(const ep_conv_2d_f32_t* p, const float* x, const float* w,
                         const float* bias, float* scratch, float* y);

#endif
