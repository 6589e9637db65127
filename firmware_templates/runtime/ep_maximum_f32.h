/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MAXIMUM_F32_H
#define EP_MAXIMUM_F32_H

#include "ep_broadcast.h"

/// y[i] = the larger of a[i] and b[i], count times; b[i] where either is NaN. y may be a or b.
/// Bit-exact with TFLite's reference Maximum.
void ep_maximum_f32(int32_t count, const float* a, const float* b, float* y);

/// The same for operands that broadcast against each other. y may be an operand of its own shape.
void ep_maximum_broadcast_f32(const ep_broadcast_t* loops,
                              const float* a, const float* b, float* y);

#endif
