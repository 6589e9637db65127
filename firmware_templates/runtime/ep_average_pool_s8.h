/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_AVERAGE_POOL_S8_H
#define EP_AVERAGE_POOL_S8_H

#include "ep_pool.h"

/// y[b][i][j][c] = clamp(mean of x under the window, halves away from zero); what lies outside x
/// does not count. x and y have the same scale and zero point. y may overlap x as edgepack computes
/// it: pixel by pixel, four channels at a time.
/// Bit-exact with TFLite reference_integer_ops::AveragePool.
void ep_average_pool_s8(const ep_pool_s8_t* p, const int8_t* x, int8_t* y);

#endif
