/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_SQUARED_DIFFERENCE_S16_H
#define EP_SQUARED_DIFFERENCE_S16_H

#include "ep_broadcast.h"

/// Mantissas in Q0.31; right shifts in [0, 31]; shift in [-31, 30], positive is left. An
/// operand is scaled by at most 1/2, so that the square of a difference fits.
typedef struct {
    int32_t mantissa_a;
    int32_t mantissa_b;
    int32_t mantissa;
    uint8_t right_a;
    uint8_t right_b;
    int8_t shift;
} ep_squared_difference_s16_t;

/// y = saturate(rescale((rescale_a(a) - rescale_b(b))^2)), zero points 0. y may be an operand of its
/// own shape. Bit-exact with TFLite Micro's SquaredDifference on int16.
void ep_squared_difference_s16(const ep_squared_difference_s16_t* p, const ep_broadcast_t* loops,
                               const int16_t* a, const int16_t* b, int16_t* y);

#endif
