/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MUL_S8_H
#define EP_MUL_S8_H

#include "ep_broadcast.h"

/// The product p is rescaled as ((floor(p * 2^left * mantissa / 2^32) + nudge) >> shift): with two
/// roundings, a right shift e: left 2, nudge 1 + 2^e, shift e + 1, and `below` -2, which negative
/// products get as well; with one, a left shift e: left 3 + e, nudge 2, shift 2, below 0.
typedef struct {
    int32_t mantissa;
    int32_t nudge;
    int16_t zero_a; /* zero points */
    int16_t zero_b;
    int16_t zero;
    int8_t below;
    int8_t left;
    int8_t shift;
    int8_t low; /* the activation's range */
    int8_t high;
} ep_mul_s8_t;

/// y[i] = clamp(zp_y + rescale((a[i] - zp_a) * (b[i] - zp_b))), count times. y may be a or b.
/// Bit-exact with TFLite's reference Mul on int8.
void ep_mul_s8(const ep_mul_s8_t* p, int32_t count, const int8_t* a, const int8_t* b, int8_t* y);

/// The same for operands that broadcast against each other. y may be an operand of its own shape.
void ep_mul_broadcast_s8(const ep_mul_s8_t* p, const ep_broadcast_t* loops,
                         const int8_t* a, const int8_t* b, int8_t* y);

#endif
