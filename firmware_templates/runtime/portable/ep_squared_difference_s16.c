/* SPDX-License-Identifier: MIT-0 */
#include "ep_squared_difference_s16.h"

#include "ep_binary.h"
#include "ep_fixed.h"

static inline int32_t scaled(int32_t value, int32_t mantissa, uint32_t right)
{
    return ep_rounding_shift(ep_high_mul(value, mantissa), right);
}

static inline int16_t element(const ep_squared_difference_s16_t* p, int32_t a, int32_t b)
{
    const int32_t one = scaled(a, p->mantissa_a, p->right_a);
    const int32_t two = scaled(b, p->mantissa_b, p->right_b);
    const int32_t difference = one - two;
    const int32_t value = ep_requantize(difference * difference, p->mantissa, p->shift);
    return (int16_t)ep_clamp(value, INT16_MIN, INT16_MAX);
}

void ep_squared_difference_s16(const ep_squared_difference_s16_t* p, const ep_broadcast_t* loops,
                               const int16_t* a, const int16_t* b, int16_t* y)
EP_BINARY_BODY(int16_t, element(p, one, two))
