/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DIV_H
#define EP_DIV_H

#include "ep_broadcast.h"

/// The quotient of stored values less their zero points, times mantissa / 2^31 * 2^shift, plus
/// `zero`, in [low, high]. shift: at least -31, at most 23 for 8 bits and 15 for 16.
typedef struct {
    int32_t mantissa; /* Q0.31 */
    int32_t shift;
    int16_t zero_a; /* zero points */
    int16_t zero_b;
    int16_t zero;
    int16_t low; /* the activation's range */
    int16_t high;
} ep_div_t;

/// y may be an operand of its own shape. A quotient by 0 is 0. Bit-exact with TFLite's DivElementwise
/// where its last shift is defined, at most 31 bits; beyond, the quotient rounds to 0.
void ep_div_s8(const ep_div_t* p, const ep_broadcast_t* loops, const int8_t* a, const int8_t* b,
               int8_t* y);
void ep_div_u8(const ep_div_t* p, const ep_broadcast_t* loops, const uint8_t* a,
               const uint8_t* b, uint8_t* y);
void ep_div_s16(const ep_div_t* p, const ep_broadcast_t* loops, const int16_t* a,
                const int16_t* b, int16_t* y);

#endif
