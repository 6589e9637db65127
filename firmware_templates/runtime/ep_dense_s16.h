/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_S16_H
#define EP_DENSE_S16_H

#include "ep_dots_s16.h"

typedef struct {
    int32_t batches;
    int32_t depth;
    int32_t outputs;
    int8_t split; /* bits of a mantissa's low word, at most 31 */
    int8_t per_channel;
    int16_t low; /* the activation's range */
    int16_t high;
} ep_dense_s16_t;

/// y[b][o] = clamp(scale(bias[o] + sum_k x[b][k] * w[o][k])); zero points are 0.
/// w: blocks of 4 rows, then the 1 to 3 rows left, each as ep_dots_s16 has it. scale: |sum| * (2^split * high + low) / 2^(split + shift), halves
/// away from zero; highs, lows, shifts: one for all rows, or one each.
/// y must not overlap x.
/// edgepack proves that no product overflows and that the result is that of LiteRT's dense layers,
/// which scale in double precision, for every sum.
void ep_dense_s16(const ep_dense_s16_t* p, const int16_t* x, const int8_t* w, const int64_t* bias,
                  const uint32_t* highs, const uint32_t* lows, const int8_t* shifts, int16_t* y);

#endif
