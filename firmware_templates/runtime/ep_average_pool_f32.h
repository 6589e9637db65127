/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_AVERAGE_POOL_F32_H
#define EP_AVERAGE_POOL_F32_H

#include "ep_pool.h"

/// y[b][i][j][c] = clamp(sum of x under the window / how many lie inside x), summed row by row.
/// y may overlap x as edgepack computes it: pixel by pixel, channel by channel.
/// Bit-exact with TFLite reference_ops::AveragePool.
void ep_average_pool_f32(const ep_pool_f32_t* p, const float* x, float* y);

#endif
