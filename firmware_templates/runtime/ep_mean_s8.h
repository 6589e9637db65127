/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MEAN_S8_H
#define EP_MEAN_S8_H

#include "ep_reduce.h"

/// How a sum becomes a mean.
typedef struct {
    int32_t offset; /* -zero point of x * how many are summed up */
    int32_t mantissa;
    int16_t zero_term; /* 2 * zero point of y + 1 */
    int8_t code;       /* see ep_rescale */
} ep_mean_s8_t;

/// y[o][i] = zp_y + rescale(sum_r x[o][r][i] - count * zp_x), clamped; x: [outer][count][inner].
/// y may lie at x or before it. edgepack proves that the sums fit int32_t.
/// Bit-exact with TFLite's reference QuantizedMeanOrSum.
void ep_mean_s8(const ep_mean_s8_t* p, int32_t outer, int32_t count, int32_t inner, const int8_t* x,
                int8_t* y);

/// The same over any axes; y must not overlap x.
void ep_mean_axes_s8(const ep_mean_s8_t* p, const ep_reduce_t* loops, const int8_t* x, int8_t* y);

#endif
