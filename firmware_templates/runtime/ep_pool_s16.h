/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_POOL_S16_H
#define EP_POOL_S16_H

#include "ep_pool.h"

/// y[b][i][j][c] = clamp(the mean of x under the window), halves away from zero; or the largest.
/// x and y have the same scale; edgepack proves that the sums fit int32_t. y may overlap x as
/// edgepack computes it: pixel by pixel, channel by channel.
/// Bit-exact with TFLite reference_integer_ops::AveragePool and MaxPool on int16.
void ep_average_pool_s16(const ep_pool_s16_t* p, const int16_t* x, int16_t* y);
void ep_max_pool_s16(const ep_pool_s16_t* p, const int16_t* x, int16_t* y);

#endif
