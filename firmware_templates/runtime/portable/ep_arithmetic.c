/* SPDX-License-Identifier: MIT-0 */
#include "ep_arithmetic.h"

#include "ep_binary.h"
#include "ep_remainder.h"

static inline int32_t clamped(const ep_range_s32_t* p, int32_t value)
{
    const int32_t floored = (value < p->low) ? p->low : value;
    return (floored > p->high) ? p->high : floored;
}

static inline int32_t quotient(int32_t a, int32_t b)
{
    if (b == -1) { /* the least number has no negative */
        return (int32_t)(0U - (uint32_t)a);
    }
    return (b == 0) ? 0 : a / b;
}

static inline int32_t floor_quotient(int32_t a, int32_t b)
{
    const int32_t result = quotient(a, b);
    const bool inexact = b != 0 && b != -1 && a % b != 0;
    return result - ((inexact && (a < 0) != (b < 0)) ? 1 : 0);
}

#define FLOOR_MODULO(name, type)                                      \
    static inline type name(type a, type b)                           \
    {                                                                 \
        const type rest = (b == 0 || b == -1) ? 0 : (type)(a % b);    \
        const int wraps = rest != 0 && (rest < 0) != (b < 0);         \
        return wraps ? (type)(rest + b) : rest;                       \
    }

FLOOR_MODULO(floor_modulo, int32_t)
FLOOR_MODULO(floor_modulo_64, int64_t)

static inline uint32_t square(uint32_t value)
{
    return value * value;
}

static inline int32_t power(int32_t base, int32_t exponent)
{
    uint32_t result = 1;
    uint32_t factor = (uint32_t)base;
    for (uint32_t rest = (exponent < 0) ? 0U : (uint32_t)exponent; rest != 0U; rest >>= 1) {
        result = ((rest & 1U) != 0U) ? result * factor : result;
        factor *= factor;
    }
    return (int32_t)result;
}

void ep_div_f32(const ep_range_f32_t* p, const ep_broadcast_t* loops, const float* a,
                const float* b, float* y)
EP_BINARY_BODY(float, ep_clamp_f32(one / two, p->low, p->high))

void ep_div_s32(const ep_range_s32_t* p, const ep_broadcast_t* loops, const int32_t* a,
                const int32_t* b, int32_t* y)
EP_BINARY_BODY(int32_t, clamped(p, quotient(one, two)))

EP_BINARY(ep_floor_div_s8, int8_t, int8_t, (int8_t)floor_quotient(one, two))
EP_BINARY(ep_floor_div_s16, int16_t, int16_t, (int16_t)floor_quotient(one, two))
EP_BINARY(ep_floor_div_s32, int32_t, int32_t, floor_quotient(one, two))
EP_BINARY(ep_floor_div_f32, float, float, ep_floor_quotient(one, two))
EP_BINARY(ep_floor_mod_s8, int8_t, int8_t, (int8_t)floor_modulo(one, two))
EP_BINARY(ep_floor_mod_s16, int16_t, int16_t, (int16_t)floor_modulo(one, two))
EP_BINARY(ep_floor_mod_s32, int32_t, int32_t, floor_modulo(one, two))
EP_BINARY(ep_floor_mod_s64, int64_t, int64_t, floor_modulo_64(one, two))
EP_BINARY(ep_floor_mod_f32, float, float, ep_floor_modulo(one, two))
EP_BINARY(ep_squared_difference_f32, float, float, (one - two) * (one - two))
EP_BINARY(ep_squared_difference_s32, int32_t, int32_t,
          (int32_t)square((uint32_t)one - (uint32_t)two))
EP_BINARY(ep_pow_s32, int32_t, int32_t, power(one, two))
EP_BINARY(ep_add_up_f32, float, float, one + two)
EP_BINARY(ep_add_up_s32, int32_t, int32_t, (int32_t)((uint32_t)one + (uint32_t)two))
