/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_SQUARED_DIFFERENCE_S8_H
#define EP_SQUARED_DIFFERENCE_S8_H

#include "ep_broadcast.h"

/// Mantissas in Q0.31, right shifts in [0, 31].
typedef struct {
    int32_t mantissa_a;
    int32_t mantissa_b;
    int32_t mantissa;
    int16_t zero_a; /* zero points */
    int16_t zero_b;
    int16_t zero;
    uint8_t right_a;
    uint8_t right_b;
    uint8_t right;
} ep_squared_difference_s8_t;

/// y = saturate(zero + rescale((rescale_a((a - zero_a) * 2^7) - rescale_b((b - zero_b) * 2^7))^2)).
/// y may be an operand of its own shape. Bit-exact with TFLite's SquaredDifference on int8.
void ep_squared_difference_s8(const ep_squared_difference_s8_t* p, const ep_broadcast_t* loops,
                              const int8_t* a, const int8_t* b, int8_t* y);

#endif
