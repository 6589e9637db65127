/* SPDX-License-Identifier: MIT-0 */
#include "ep_squared_difference_s8.h"

#include "ep_binary.h"
#include "ep_rescale.h"

static inline int32_t scaled(int32_t value, int32_t mantissa, uint32_t right)
{
    return ep_rounding_shift(ep_high_mul(value, mantissa), right);
}

static inline int8_t element(const ep_squared_difference_s8_t* p, int32_t a, int32_t b)
{
    const int32_t one = scaled((a - p->zero_a) * (1 << 7), p->mantissa_a, p->right_a);
    const int32_t two = scaled((b - p->zero_b) * (1 << 7), p->mantissa_b, p->right_b);
    const int32_t difference = one - two;
    return ep_saturate(scaled(difference * difference, p->mantissa, p->right) + p->zero);
}

void ep_squared_difference_s8(const ep_squared_difference_s8_t* p, const ep_broadcast_t* loops,
                              const int8_t* a, const int8_t* b, int8_t* y)
EP_BINARY_BODY(int8_t, element(p, one, two))
