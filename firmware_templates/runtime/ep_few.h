/* SPDX-License-Identifier: MIT-0 */
/* 1x1 convolutions of at most eight values a pixel, which stay in registers. */
#ifndef EP_FEW_H
#define EP_FEW_H

#include <stdint.h>

typedef struct {
    int32_t outputs;
    int32_t step; /* bytes from a pixel to the next */
    int32_t pixels; /* at least 1 */
} ep_few_t;

/// y[p][o] = saturate((floor(256 * (bias[o] + sum_k x[p][k] * w[o][k]) * factor[o] / 2^32) + nudge[o])
/// / 2^12), outputs side by side. x: eight bytes a pixel are read, at any address. stream, for each
/// output: {256 * bias}{w of 0 and 2}{of 1 and 3}{of 4 and 6}{of 5 and 7}{factor}{nudge}.
/// |bias| + |sums| < 2^23, and edgepack proves that this climbs the same steps as TFLite's roundings.
void ep_few(const ep_few_t* p, const int8_t* x, const uint32_t* stream, int8_t* y);

#endif
