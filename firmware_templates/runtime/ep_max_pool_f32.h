/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MAX_POOL_F32_H
#define EP_MAX_POOL_F32_H

#include "ep_pool.h"

/// y[b][i][j][c] = clamp(the largest of x under the window, -FLT_MAX at least).
/// y may overlap x as edgepack computes it: pixel by pixel, channel by channel.
/// Bit-exact with TFLite reference_ops::MaxPool.
void ep_max_pool_f32(const ep_pool_f32_t* p, const float* x, float* y);

#endif
