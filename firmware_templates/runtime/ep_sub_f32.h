/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_SUB_F32_H
#define EP_SUB_F32_H

#include "ep_broadcast.h"
#include "ep_float.h"

/// y[i] = clamp(a[i] - b[i]), count times. y may be a or b.
/// Bit-exact with TFLite's reference Sub on float.
void ep_sub_f32(const ep_range_f32_t* p, int32_t count, const float* a, const float* b, float* y);

/// The same for operands that broadcast against each other. y may be an operand of its own shape.
void ep_sub_broadcast_f32(const ep_range_f32_t* p, const ep_broadcast_t* loops,
                          const float* a, const float* b, float* y);

#endif
