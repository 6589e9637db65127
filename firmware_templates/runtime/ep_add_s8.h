/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_ADD_S8_H
#define EP_ADD_S8_H

#include <stdint.h>

/// One of the two operands has the larger scale, whose multiplier is exactly a half: the other one
/// alone, b, is rescaled. A right shift of 0 on b is that half too; it is written as a left shift.
typedef struct {
    int32_t mantissa_b;
    int32_t mantissa; /* of the output */
    int32_t factor_a; /* 2^19, or -2^19 */
    int32_t offset;   /* -factor_a * zero point of a */
    int16_t zero_b;   /* zero point of b */
    int16_t zero;     /* zero point of y */
    int8_t left_b;    /* bits, 22 or 23 */
    int8_t shift_b;   /* right, 1 to 29 */
    int8_t shift;     /* right, 1 to 29 */
    int8_t low;       /* the activation's range */
    int8_t high;
} ep_add_s8_t;

/// y[i] = clamp(zp_y + rescale(a[i] * factor_a + offset + rescale_b(b[i]))), count times.
/// y may be a or b. Bit-exact with TFLite reference_integer_ops::Add.
void ep_add_s8(const ep_add_s8_t* p, int32_t count, const int8_t* a, const int8_t* b, int8_t* y);

#endif
