/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_LINEAR_SUM_S8_H
#define EP_LINEAR_SUM_S8_H

#include <stdint.h>

typedef struct {
    int32_t factor_a;
    int32_t factor_b;
    int32_t offset;
    int32_t shift; /* in [0, 31] */
    int32_t low;   /* the activation's range */
    int32_t high;
} ep_linear_sum_t;

/// y[i] = clamp((a[i] * factor_a + b[i] * factor_b + offset) >> shift), count times.
/// y may be a or b. edgepack compares all 65,536 pairs with TFLite's reference Add or Sub before it
/// chooses these factors, and none leaves int32_t.
void ep_linear_sum_s8(const ep_linear_sum_t* p, int32_t count, const int8_t* a, const int8_t* b,
                      int8_t* y);

#endif
