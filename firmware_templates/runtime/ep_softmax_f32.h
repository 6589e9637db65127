/* SPDX-License-Identifier: MIT-0 */
/* SOFTMAX along the last dimension, in single precision. */
#ifndef EP_SOFTMAX_F32_H
#define EP_SOFTMAX_F32_H

#include <stdint.h>

typedef struct {
    uint32_t rows;
    uint32_t depth; /* elements of a row */
    float beta;
} ep_softmax_f32_t;

/// y[r][i] = exp(beta * (x[r][i] - max of row r)) / the row's sum of these, summed in order.
/// x, y: [rows][depth]; y may be x, or lie below it.
void ep_softmax_f32(const ep_softmax_f32_t* p, const float* x, float* y);

#endif
