/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_FEW_1X1_S8_H
#define EP_FEW_1X1_S8_H

#include "ep_few.h"

typedef struct {
    int32_t outputs;
    int32_t depth; /* at most 8 */
    int8_t low;
    int8_t high;
} ep_few_1x1_t;

/// y[p][o] = clamp(zp_y + requantize(bias[o] + sum_k x[p][k] * w[o][k])), pixel by pixel. stream: as
/// ep_few.h has it. y may overlap x as edgepack computes it: a pixel is read before it is written.
/// Bit-exact with TFLite reference_integer_ops::ConvPerChannel.
void ep_few_1x1_s8(const ep_few_1x1_t* p, int32_t pixels, const int8_t* x, const uint32_t* stream,
                   int8_t* y);

#endif
