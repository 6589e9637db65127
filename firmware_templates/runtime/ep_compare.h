/* SPDX-License-Identifier: MIT-0 */
/* Comparisons of operands that broadcast: y = a is equal to, not equal to, less than, at most b. */
#ifndef EP_COMPARE_H
#define EP_COMPARE_H

#include "ep_broadcast.h"

/// How a quantised operand is brought to a scale that both share:
/// (x - zero) * 2^8 * mantissa / 2^31 / 2^right, with TFLite's two roundings. right: in [0, 31].
typedef struct {
    int32_t mantissa_a; /* Q0.31 */
    int32_t mantissa_b;
    int16_t zero_a;
    int16_t zero_b;
    uint8_t right_a;
    uint8_t right_b;
} ep_compare_t;

/// The stored values are compared, in ep_equal_8 bytes of any type. A NaN is unequal to all and less than none.
/// y may be an operand of its own shape and size.
void ep_equal_8(const ep_broadcast_t* loops, const void* a, const void* b, bool* y);
void ep_equal_s16(const ep_broadcast_t* loops, const int16_t* a, const int16_t* b, bool* y);
void ep_equal_s32(const ep_broadcast_t* loops, const int32_t* a, const int32_t* b, bool* y);
void ep_equal_s64(const ep_broadcast_t* loops, const int64_t* a, const int64_t* b, bool* y);
void ep_equal_f32(const ep_broadcast_t* loops, const float* a, const float* b, bool* y);
void ep_not_equal_8(const ep_broadcast_t* loops, const void* a, const void* b, bool* y);
void ep_not_equal_s16(const ep_broadcast_t* loops, const int16_t* a, const int16_t* b, bool* y);
void ep_not_equal_s32(const ep_broadcast_t* loops, const int32_t* a, const int32_t* b, bool* y);
void ep_not_equal_s64(const ep_broadcast_t* loops, const int64_t* a, const int64_t* b, bool* y);
void ep_not_equal_f32(const ep_broadcast_t* loops, const float* a, const float* b, bool* y);
void ep_less_u8(const ep_broadcast_t* loops, const uint8_t* a, const uint8_t* b, bool* y);
void ep_less_s8(const ep_broadcast_t* loops, const int8_t* a, const int8_t* b, bool* y);
void ep_less_s16(const ep_broadcast_t* loops, const int16_t* a, const int16_t* b, bool* y);
void ep_less_s32(const ep_broadcast_t* loops, const int32_t* a, const int32_t* b, bool* y);
void ep_less_s64(const ep_broadcast_t* loops, const int64_t* a, const int64_t* b, bool* y);
void ep_less_f32(const ep_broadcast_t* loops, const float* a, const float* b, bool* y);
void ep_less_equal_u8(const ep_broadcast_t* loops, const uint8_t* a, const uint8_t* b, bool* y);
void ep_less_equal_s8(const ep_broadcast_t* loops, const int8_t* a, const int8_t* b, bool* y);
void ep_less_equal_s16(const ep_broadcast_t* loops, const int16_t* a, const int16_t* b, bool* y);
void ep_less_equal_s32(const ep_broadcast_t* loops, const int32_t* a, const int32_t* b, bool* y);
void ep_less_equal_s64(const ep_broadcast_t* loops, const int64_t* a, const int64_t* b, bool* y);
void ep_less_equal_f32(const ep_broadcast_t* loops, const float* a, const float* b, bool* y);

/// The rescaled values are compared, bit-exact with TFLite's reference ComparisonWithScaling.
void ep_equal_scaled_s8(const ep_compare_t* p, const ep_broadcast_t* loops, const int8_t* a,
                        const int8_t* b, bool* y);
void ep_equal_scaled_u8(const ep_compare_t* p, const ep_broadcast_t* loops, const uint8_t* a,
                        const uint8_t* b, bool* y);
void ep_equal_scaled_s16(const ep_compare_t* p, const ep_broadcast_t* loops, const int16_t* a,
                         const int16_t* b, bool* y);
void ep_not_equal_scaled_s8(const ep_compare_t* p, const ep_broadcast_t* loops, const int8_t* a,
                            const int8_t* b, bool* y);
void ep_not_equal_scaled_u8(const ep_compare_t* p, const ep_broadcast_t* loops, const uint8_t* a,
                            const uint8_t* b, bool* y);
void ep_not_equal_scaled_s16(const ep_compare_t* p, const ep_broadcast_t* loops,
                             const int16_t* a, const int16_t* b, bool* y);
void ep_less_scaled_s8(const ep_compare_t* p, const ep_broadcast_t* loops, const int8_t* a,
                       const int8_t* b, bool* y);
void ep_less_scaled_u8(const ep_compare_t* p, const ep_broadcast_t* loops, const uint8_t* a,
                       const uint8_t* b, bool* y);
void ep_less_equal_scaled_s8(const ep_compare_t* p, const ep_broadcast_t* loops, const int8_t* a,
                             const int8_t* b, bool* y);
void ep_less_equal_scaled_u8(const ep_compare_t* p, const ep_broadcast_t* loops,
                             const uint8_t* a, const uint8_t* b, bool* y);

#endif
