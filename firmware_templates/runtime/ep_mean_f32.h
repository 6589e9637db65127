/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MEAN_F32_H
#define EP_MEAN_F32_H

#include "ep_reduce.h"

/// y[o][i] = sum_r x[o][r][i] / count, summed in that order; x: [outer][count][inner].
/// y may lie at x or before it. Bit-exact with TFLite's reference Mean.
void ep_mean_f32(int32_t outer, int32_t count, int32_t inner, const float* x, float* y);

/// The same over any axes, in the order of memory; count is how many are summed up. y must not
/// overlap x.
void ep_mean_axes_f32(const ep_reduce_t* loops, int32_t count, const float* x, float* y);

#endif
