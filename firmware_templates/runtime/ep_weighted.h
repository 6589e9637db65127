/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_WEIGHTED_H
#define EP_WEIGHTED_H

#include <stdint.h>

typedef struct {
    int32_t count;
    int32_t factor_a;
    int32_t factor_b;
    int32_t offset;
} ep_weighted_t;

/// ep_weighted_sum_s8 without its clamp. Reads at any address.
void ep_weighted(const ep_weighted_t* p, const int8_t* a, const int8_t* b, int8_t* y);

#endif
