/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MAX_POOL_S8_H
#define EP_MAX_POOL_S8_H

#include "ep_pool.h"

/// y[b][i][j][c] = clamp(the largest of x under the window). x and y have the same scale and zero
/// point. y may overlap x as edgepack computes it: pixel by pixel, channel by channel.
/// Bit-exact with TFLite reference_integer_ops::MaxPool.
void ep_max_pool_s8(const ep_pool_s8_t* p, const int8_t* x, int8_t* y);

#endif
