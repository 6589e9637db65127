/* SPDX-License-Identifier: MIT-0 */
/* The larger and the smaller of two integers that are wider than a byte. */
#ifndef EP_EXTREMES_H
#define EP_EXTREMES_H

#include "ep_broadcast.h"

/// y[i] = the larger (or smaller) of a[i] and b[i], count times; stored numbers are compared,
/// whatever their scales. y may be a or b.
/// _broadcast: the same for operands that broadcast; y may be an operand of its own shape.
/// Bit-exact with TFLite's reference Maximum and Minimum.
#define EP_EXTREME_DECLARE(NAME, SUFFIX, TYPE)                                                     \
    void ep_##NAME##_##SUFFIX(int32_t count, const TYPE* a, const TYPE* b, TYPE* y);               \
    void ep_##NAME##_broadcast_##SUFFIX(const ep_broadcast_t* loops, const TYPE* a, const TYPE* b, \
                                        TYPE* y)

EP_EXTREME_DECLARE(maximum, s16, int16_t);
EP_EXTREME_DECLARE(maximum, s32, int32_t);
EP_EXTREME_DECLARE(maximum, s64, int64_t);
EP_EXTREME_DECLARE(minimum, s16, int16_t);
EP_EXTREME_DECLARE(minimum, s32, int32_t);
EP_EXTREME_DECLARE(minimum, s64, int64_t);

#endif
