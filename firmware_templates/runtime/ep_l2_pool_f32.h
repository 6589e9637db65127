/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_L2_POOL_F32_H
#define EP_L2_POOL_F32_H

#include "ep_pool.h"

/// y[b][i][j][c] = clamp(sqrt(sum of x^2 under the window / how many lie inside x)), summed row by
/// row. y may overlap x as edgepack computes it. Bit-exact with TFLite reference_ops::L2Pool.
void ep_l2_pool_f32(const ep_pool_f32_t* p, const float* x, float* y);

#endif
