/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MAXIMUM_S8_H
#define EP_MAXIMUM_S8_H

#include "ep_broadcast.h"

/// y[i] = the larger of a[i] and b[i], count times; stored numbers are compared, whatever
/// their scales. y may be a or b. Bit-exact with TFLite's reference Maximum.
void ep_maximum_s8(int32_t count, const int8_t* a, const int8_t* b, int8_t* y);

/// The same for operands that broadcast against each other. y may be an operand of its own shape.
void ep_maximum_broadcast_s8(const ep_broadcast_t* loops,
                             const int8_t* a, const int8_t* b, int8_t* y);

#endif
