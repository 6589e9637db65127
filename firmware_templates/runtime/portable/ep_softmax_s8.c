/* SPDX-License-Identifier: MIT-0 */
#include "ep_softmax_s8.h"

#include "ep_softmax_row.h"

/// exp(-2^k) in Q0.31, k = -2 to 4.
static const int32_t exp_of_minus_power[7] = {
    1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242,
};

/// exp(x / 2^26) in Q0.31 for x < 0, as gemmlowp's exp_on_negative_values.
/// x = fraction - remainder with fraction in [-1/4, 0) and remainder a sum of powers of two: a
/// series around -1/8 for the one, a product of constants for the other.
static int32_t exp_on_negative(int32_t x)
{
    const int32_t quarter = (int32_t)1 << 24;
    const int32_t fraction = (x & (quarter - 1)) - quarter;
    const int32_t a = fraction * 32 + ((int32_t)1 << 28); /* Q0.31, around -1/8 */
    const int32_t a2 = ep_high_mul(a, a);
    const int32_t a3 = ep_high_mul(a2, a);
    const int32_t a4_over_4 = ep_rounding_shift(ep_high_mul(a2, a2), 2);
    const int32_t upper = ep_high_mul(a4_over_4 + a3, 715827883) + a2; /* 1/3 of it, + a^2 */
    const int32_t series = a + ep_rounding_shift(upper, 1);
    int32_t result = 1895147668 + ep_high_mul(1895147668, series); /* exp(-1/8) */
    const uint32_t remainder = (uint32_t)(fraction - x) >> 24;
    for (uint32_t k = 0; k < 7U; k++) {
        if (((remainder >> k) & 1U) != 0U) {
            result = ep_high_mul(result, exp_of_minus_power[k]);
        }
    }
    return result;
}

static __attribute__((noinline)) int32_t
exponential(const ep_softmax_s8_t* p, int32_t difference) /* once: it is most of the code */
{
    if (difference > p->radius) {
        return 0;
    }
    const int32_t shifted = -(int32_t)((uint32_t)difference << p->shift);
    const int32_t scaled = ep_high_mul(shifted, p->mantissa);
    return (scaled == 0) ? INT32_MAX : exp_on_negative(scaled);
}

static void softmax_row(const ep_softmax_s8_t* p, const int8_t* x, int8_t* y)
{
    const int8_t max = ep_softmax_max(x, p->depth);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < p->depth; i++) {
        sum += ep_softmax_term(exponential(p, max - x[i]));
    }
    if ((sum >> 28) != 0U) { /* 512: no output reaches half a step */
        __builtin_memset(y, INT8_MIN, p->depth);
        return;
    }
    const ep_softmax_inverse_t inverse = ep_softmax_invert((uint32_t)sum);
    for (uint32_t i = 0; i < p->depth; i++) {
        y[i] = ep_softmax_output(inverse, exponential(p, max - x[i]));
    }
}

void ep_softmax_s8(const ep_softmax_s8_t* p, const int8_t* x, int8_t* y)
{
    for (uint32_t row = 0; row < p->rows; row++) {
        softmax_row(p, x, y);
        x += p->depth;
        y += p->depth;
    }
}
