/* SPDX-License-Identifier: MIT-0 */
/* Sums of floats in the order of four lanes, as TFLite's tensor_utils take them on a desktop: every
 * fourth term in a sum of its own, the four sums added up, then the terms that are left. */
#ifndef EP_LANES_H
#define EP_LANES_H

#include <stdint.h>

/// Where a sum of lanes is: zeros to start with.
typedef struct {
    float lanes[4];
    float sum; /* of all, once the whole groups of four are through */
} ep_lanes_t;

/// Takes in term number `at` of `count`, from 0; the sum so far is right behind the last.
static inline void ep_lanes_add(ep_lanes_t* sum, float term, int32_t at, int32_t count)
{
    const int32_t whole = count & ~3;
    if (at >= whole) {
        sum->sum += term;
        return;
    }
    sum->lanes[at & 3] += term;
    if (at == whole - 1) {
        sum->sum = ((sum->lanes[0] + sum->lanes[1]) + sum->lanes[2]) + sum->lanes[3];
    }
}

/// sum_i x[i] * w[i]
static inline float ep_lanes_dot(const float* x, const float* w, int32_t count)
{
    float a = 0.0f;
    float b = 0.0f;
    float c = 0.0f;
    float d = 0.0f;
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        a += x[i] * w[i];
        b += x[i + 1] * w[i + 1];
        c += x[i + 2] * w[i + 2];
        d += x[i + 3] * w[i + 3];
    }
    float sum = ((a + b) + c) + d;
    for (; i < count; i++) {
        sum += x[i] * w[i];
    }
    return sum;
}

#endif
