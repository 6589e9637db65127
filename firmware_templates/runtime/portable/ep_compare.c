/* SPDX-License-Identifier: MIT-0 */
#include "ep_compare.h"

#include "ep_binary.h"
#include "ep_fixed.h"

static inline int32_t scaled(int32_t value, int32_t zero, int32_t mantissa, uint32_t right)
{
    return ep_rounding_shift(ep_high_mul((value - zero) * (1 << 8), mantissa), right);
}

#define SCALED_A scaled(one, p->zero_a, p->mantissa_a, p->right_a)
#define SCALED_B scaled(two, p->zero_b, p->mantissa_b, p->right_b)

#define BYTES(name, element)                                                           \
    void name(const ep_broadcast_t* loops, const void* a, const void* b, bool* y)      \
    EP_BINARY_BODY(uint8_t, element)

BYTES(ep_equal_8, one == two)
EP_BINARY(ep_equal_s16, int16_t, bool, one == two)
EP_BINARY(ep_equal_s32, int32_t, bool, one == two)
EP_BINARY(ep_equal_s64, int64_t, bool, one == two)
EP_BINARY(ep_equal_f32, float, bool, one == two)
BYTES(ep_not_equal_8, one != two)
EP_BINARY(ep_not_equal_s16, int16_t, bool, one != two)
EP_BINARY(ep_not_equal_s32, int32_t, bool, one != two)
EP_BINARY(ep_not_equal_s64, int64_t, bool, one != two)
EP_BINARY(ep_not_equal_f32, float, bool, one != two)
EP_BINARY(ep_less_u8, uint8_t, bool, one < two)
EP_BINARY(ep_less_s8, int8_t, bool, one < two)
EP_BINARY(ep_less_s16, int16_t, bool, one < two)
EP_BINARY(ep_less_s32, int32_t, bool, one < two)
EP_BINARY(ep_less_s64, int64_t, bool, one < two)
EP_BINARY(ep_less_f32, float, bool, one < two)
EP_BINARY(ep_less_equal_u8, uint8_t, bool, one <= two)
EP_BINARY(ep_less_equal_s8, int8_t, bool, one <= two)
EP_BINARY(ep_less_equal_s16, int16_t, bool, one <= two)
EP_BINARY(ep_less_equal_s32, int32_t, bool, one <= two)
EP_BINARY(ep_less_equal_s64, int64_t, bool, one <= two)
EP_BINARY(ep_less_equal_f32, float, bool, one <= two)

#define SCALED(name, in_t, relation)                                                   \
    void name(const ep_compare_t* p, const ep_broadcast_t* loops, const in_t* a,       \
              const in_t* b, bool* y)                                                  \
    EP_BINARY_BODY(in_t, SCALED_A relation SCALED_B)

SCALED(ep_equal_scaled_s8, int8_t, ==)
SCALED(ep_equal_scaled_u8, uint8_t, ==)
SCALED(ep_equal_scaled_s16, int16_t, ==)
SCALED(ep_not_equal_scaled_s8, int8_t, !=)
SCALED(ep_not_equal_scaled_u8, uint8_t, !=)
SCALED(ep_not_equal_scaled_s16, int16_t, !=)
SCALED(ep_less_scaled_s8, int8_t, <)
SCALED(ep_less_scaled_u8, uint8_t, <)
SCALED(ep_less_equal_scaled_s8, int8_t, <=)
SCALED(ep_less_equal_scaled_u8, uint8_t, <=)
