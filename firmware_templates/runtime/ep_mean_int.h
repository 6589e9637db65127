/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MEAN_INT_H
#define EP_MEAN_INT_H

#include "ep_reduce.h"

/// y = the sums of the reduced elements / count, cut towards zero; sums of 64 bits wrap; outputs in the order
/// of the kept loops. y must not overlap x. Bit-exact with TFLite reference_ops::Mean.
void ep_mean_axes_s32(const ep_reduce_t* loops, int32_t count, const int32_t* x, int32_t* y);
void ep_mean_axes_s64(const ep_reduce_t* loops, int32_t count, const int64_t* x, int64_t* y);

#endif
