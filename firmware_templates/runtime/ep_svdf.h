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
    const int8_t* const end = x + inputs;
    const int8_t* const whole = x + (inputs & ~7);
    for (; x != whole; x += 8) {
        sum += x[0] * w[0];
        sum += x[1] * w[1];
        sum += x[2] * w[2];
        sum += x[3] * w[3];
        sum += x[4] * w[4];
        sum += x[5] * w[5];
        sum += x[6] * w[6];
        sum += x[7] * w[7];
        w += 8;
    }
    for (; x != end; x++) {
        sum += *x * *w++;
    }
    return sum;
}

#endif
