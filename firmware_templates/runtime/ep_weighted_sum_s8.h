/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_WEIGHTED_SUM_S8_H
#define EP_WEIGHTED_SUM_S8_H

#include "ep_weighted.h"

/// y[i] = clamp((floor(a[i] * factor_a / 256) + floor(b[i] * factor_b / 256) + offset) / 2^20), count
/// times. y may be a or b. edgepack compares all 65,536 pairs with TFLite's reference Add or Sub before
/// it chooses these factors, and none leaves int32_t.
void ep_weighted_sum_s8(const ep_weighted_t* p, int32_t low, int32_t high, const int8_t* a,
                        const int8_t* b, int8_t* y);

#endif
