/* SPDX-License-Identifier: MIT-0 */
/* Arithmetic on operands that broadcast. y may be an operand of its own shape. */
#ifndef EP_ARITHMETIC_H
#define EP_ARITHMETIC_H

#include "ep_broadcast.h"
#include "ep_float.h"
#include "ep_range.h"

/// y = clamp(a / b).
void ep_div_f32(const ep_range_f32_t* p, const ep_broadcast_t* loops, const float* a,
                const float* b, float* y);

/// y = clamp(a / b) towards zero; 0 where b is 0, the least int32_t where it overflows.
void ep_div_s32(const ep_range_s32_t* p, const ep_broadcast_t* loops, const int32_t* a,
                const int32_t* b, int32_t* y);

/// y = floor(a / b); in integers 0 where b is 0, and modulo 2^bits where it overflows.
void ep_floor_div_s8(const ep_broadcast_t* loops, const int8_t* a, const int8_t* b, int8_t* y);
void ep_floor_div_s16(const ep_broadcast_t* loops, const int16_t* a, const int16_t* b,
                      int16_t* y);
void ep_floor_div_s32(const ep_broadcast_t* loops, const int32_t* a, const int32_t* b,
                      int32_t* y);
void ep_floor_div_f32(const ep_broadcast_t* loops, const float* a, const float* b, float* y);

/// y = a - floor(a / b) * b, exact; in integers 0 where b is 0, in floats a NaN.
void ep_floor_mod_s8(const ep_broadcast_t* loops, const int8_t* a, const int8_t* b, int8_t* y);
void ep_floor_mod_s16(const ep_broadcast_t* loops, const int16_t* a, const int16_t* b,
                      int16_t* y);
void ep_floor_mod_s32(const ep_broadcast_t* loops, const int32_t* a, const int32_t* b,
                      int32_t* y);
void ep_floor_mod_s64(const ep_broadcast_t* loops, const int64_t* a, const int64_t* b,
                      int64_t* y);
void ep_floor_mod_f32(const ep_broadcast_t* loops, const float* a, const float* b, float* y);

/// y = (a - b)^2; of int32_t modulo 2^32.
void ep_squared_difference_f32(const ep_broadcast_t* loops, const float* a, const float* b,
                               float* y);
void ep_squared_difference_s32(const ep_broadcast_t* loops, const int32_t* a, const int32_t* b,
                               int32_t* y);

/// y = a^b modulo 2^32; 1 where b is not above 0.
void ep_pow_s32(const ep_broadcast_t* loops, const int32_t* a, const int32_t* b, int32_t* y);

/// y = a + b; of int32_t modulo 2^32.
void ep_add_up_f32(const ep_broadcast_t* loops, const float* a, const float* b, float* y);
void ep_add_up_s32(const ep_broadcast_t* loops, const int32_t* a, const int32_t* b, int32_t* y);

#endif
