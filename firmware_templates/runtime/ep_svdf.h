/* SPDX-License-Identifier: MIT-0 */
/* Layers of rank-1 filters over time (SVDF). */
#ifndef EP_SVDF_H
#define EP_SVDF_H

#include "ep_rescale.h"

typedef struct {
    int32_t batches;
    int32_t inputs;
    int32_t units;
    int32_t rank;       /* filters of a unit */
    int32_t memory;     /* steps that a filter remembers */
    int32_t mantissa_f; /* of a filter's new value, see ep_requantize */
    int32_t mantissa;   /* of the output */
    int8_t shift_f;
    int8_t shift;
    int8_t zero_state; /* zero points */
    int8_t zero;
} ep_svdf_t;

/// start + sum_i x[i] * w[i]
static inline int32_t
ep_svdf_dot(const int8_t* x, const int8_t* w, int32_t inputs, int32_t start)
{
    int32_t sum = start;
    for (int32_t i = 0; i < inputs; i++) {
        sum += x[i] * w[i];
    }
    return sum;
}

#endif
