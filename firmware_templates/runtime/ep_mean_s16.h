/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MEAN_S16_H
#define EP_MEAN_S16_H

#include "ep_reduce.h"

/// How a sum becomes a mean.
typedef struct {
    int32_t mantissa; /* see ep_requantize */
    int32_t shift;
} ep_mean_s16_t;

/// y[o][i] = scale(sum_r x[o][r][i]), clamped; zero points are 0; x: [outer][count][inner].
/// edgepack proves that the sums fit int32_t. y may lie at x or before it. Bit-exact with TFLite's reference QuantizedMeanOrSum on int16.
void ep_mean_s16(const ep_mean_s16_t* p, int32_t outer, int32_t count, int32_t inner,
                 const int16_t* x, int16_t* y);

/// The same over any axes; y must not overlap x.
void ep_mean_axes_s16(const ep_mean_s16_t* p, const ep_reduce_t* loops, const int16_t* x,
                      int16_t* y);

#endif
