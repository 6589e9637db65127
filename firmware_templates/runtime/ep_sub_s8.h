/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_SUB_S8_H
#define EP_SUB_S8_H

#include "ep_broadcast.h"
#include "ep_sum_s8.h"

/// y[i] = clamp(zp_y + rescale(a[i] * factor_a + offset - rescale_b(b[i]))), count times.
/// y may be a or b. Bit-exact with TFLite's reference Sub on int8.
void ep_sub_s8(const ep_sum_s8_t* p, int32_t count, const int8_t* a, const int8_t* b, int8_t* y);

/// The same for operands that broadcast against each other. y may be an operand of its own shape.
void ep_sub_broadcast_s8(const ep_sum_s8_t* p, const ep_broadcast_t* loops,
                         const int8_t* a, const int8_t* b, int8_t* y);

#endif
