/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_ADD_S8_H
#define EP_MVE_ADD_S8_H

#include "ep_sum_s8.h"

/// y[i] = clamp(zp_y + rescale(a[i] * factor_a + offset + rescale_b(b[i]))), count times, at least
/// 0. y may be a or b. Bit-exact with TFLite's reference Add on int8.
void ep_mve_add_s8(const ep_sum_s8_t* p, int32_t count, const int8_t* a, const int8_t* b,
                   int8_t* y);

#endif
