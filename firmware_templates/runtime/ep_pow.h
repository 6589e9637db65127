/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_POW_H
#define EP_POW_H

#include "ep_broadcast.h"

/// y = a^b with the special cases of C's powf, else within 1 unit of the last place. It computes in
/// double precision. y may be an operand of its own shape.
void ep_pow_f32(const ep_broadcast_t* loops, const float* a, const float* b, float* y);

#endif
