/* SPDX-License-Identifier: MIT-0 */
/* Sums of int8 elements of one scale, in another scale. */
#ifndef EP_TOTAL_H
#define EP_TOTAL_H

#include "ep_fixed.h"

typedef struct {
    int32_t mantissa; /* of the scales' ratio / 2^19: mantissa / 2^31 / 2^right */
    uint8_t right;    /* at most 31 */
    int8_t zero_x;    /* zero points */
    int8_t zero;
} ep_total_t;

/// The output of a sum of elements less their zero points.
/// total * 2^19 is rounded twice as in MultiplyByQuantizedMultiplierSmallerThanOneExp, but may here
/// be wider than int32_t.
static inline int8_t ep_total_s8(const ep_total_t* p, int32_t total)
{
    const int64_t once = ((int64_t)total * p->mantissa + 2048) >> 12;
    const int64_t mask = ((int64_t)1 << p->right) - 1;
    const int64_t threshold = (mask >> 1) + ((once < 0) ? 1 : 0);
    const int64_t twice = (once >> p->right) + (((once & mask) > threshold) ? 1 : 0);
    if (twice > 256 || twice < -256) {
        return (twice > 0) ? INT8_MAX : INT8_MIN;
    }
    return (int8_t)ep_clamp((int32_t)twice + p->zero, INT8_MIN, INT8_MAX);
}

#endif
