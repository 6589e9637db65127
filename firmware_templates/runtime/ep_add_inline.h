/* SPDX-License-Identifier: MIT-0 */
/* One element of a quantised sum or difference. */
#ifndef EP_ADD_INLINE_H
#define EP_ADD_INLINE_H

#include "ep_add_s8.h"
#include "ep_rescale.h"

/// value * mantissa / 2^33 / 2^shift with TFLite's two roundings of value / 4.
/// |value * mantissa / 2^32| < 2^30; shift in [1, 29].
static inline int32_t ep_add_round(int32_t value, int32_t mantissa, int32_t shift)
{
    const int32_t high = ep_high_word(value, mantissa) + (value >> 31) * 2;
    return (high + 1 + (1 << shift)) >> (shift + 1);
}

/// The operand b, rescaled.
static inline int32_t ep_add_operand(const ep_add_s8_t* p, int32_t b)
{
    return ep_add_round((b - p->zero_b) * (1 << p->left_b), p->mantissa_b, p->shift_b);
}

/// The sum as an int8.
static inline int8_t ep_add_result(const ep_add_s8_t* p, int32_t sum)
{
    const int32_t value = ep_add_round(sum * 4, p->mantissa, p->shift) + p->zero;
    return (int8_t)ep_clamp(value, p->low, p->high);
}

#endif
