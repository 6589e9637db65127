/* SPDX-License-Identifier: MIT-0 */
/* What the int8 kernels of SOFTMAX share: from exponentials and their sum to the output. */
#ifndef EP_SOFTMAX_ROW_H
#define EP_SOFTMAX_ROW_H

#include <stdint.h>

#include "ep_fixed.h"

/// The exponential of one element as it counts in the sum: from Q0.31 to Q12.19, rounded.
static inline uint32_t ep_softmax_term(int32_t exponential)
{
    return ((uint32_t)exponential + 2048U) >> 12;
}

/// The greatest of count values; count is not 0.
static inline int8_t ep_softmax_max(const int8_t* x, uint32_t count)
{
    int8_t max = x[0];
    for (uint32_t i = 1; i < count; i++) {
        max = (x[i] > max) ? x[i] : max;
    }
    return max;
}

typedef struct {
    int32_t scale;     /* 1 / the sum, Q0.31 and in [1/2, 1] */
    uint32_t exponent; /* it is to be shifted right by this */
} ep_softmax_inverse_t;

/// The inverse of a row's sum. sum: Q12.19, in [1/2, 4096).
/// 1 / (1 + a) by three steps of Newton and Raphson, rounded as gemmlowp does.
static inline ep_softmax_inverse_t ep_softmax_invert(uint32_t sum)
{
    uint32_t exponent = 35;
    while (sum < ((uint32_t)1 << 31)) {
        sum <<= 1;
        exponent--;
    }
    const int32_t half = (int32_t)(sum >> 1); /* (1 + a) / 2, Q0.31 */
    int32_t x = 1515870810 + ep_high_mul(half, -1010580540); /* 48/17 - 32/17 * half, Q2.29 */
    for (uint32_t step = 0; step < 3U; step++) {
        const int32_t error = ((int32_t)1 << 29) - ep_high_mul(half, x);
        x += ep_high_mul(x, error) * 4;
    }
    const int32_t scale = (x >= ((int32_t)1 << 30)) ? INT32_MAX : (x * 2);
    return (ep_softmax_inverse_t){scale, exponent};
}

/// exponential * inverse, stored with scale 1/256 and zero point -128.
static inline int8_t ep_softmax_output(ep_softmax_inverse_t inverse, int32_t exponential)
{
    const int32_t product = ep_high_mul(inverse.scale, exponential);
    const int32_t value = ep_rounding_shift(product, inverse.exponent) + INT8_MIN;
    return (int8_t)((value > INT8_MAX) ? INT8_MAX : value);
}

#endif
