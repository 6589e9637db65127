/* SPDX-License-Identifier: MIT-0 */
#include "ep_softmax.h"

#include "ep_fixed.h"
#include "ep_math.h"

enum {
    TERM_SHIFT = 12, /* exponentials are Q0.31, their sum is Q12.19 */
    LIMIT_LOG2 = 28  /* 512 in Q12.19: no output reaches half a step beyond */
};

/// The reciprocal of 1 + a, Q0.31 and in [1/2, 1]; doubled = 2^31 * (1 + a), 0 <= a < 1.
/// Three steps of Newton and Raphson, rounded as gemmlowp does.
static int32_t reciprocal(uint32_t doubled)
{
    const int32_t half = (int32_t)(doubled >> 1);
    int32_t estimate = 1515870810 + ep_high_mul(half, -1010580540); /* 48/17 - 32/17 * half, Q2.29 */
    for (uint32_t step = 0; step < 3U; step++) {
        const int32_t error = ((int32_t)1 << 29) - ep_high_mul(half, estimate);
        estimate += ep_high_mul(estimate, error) * 4;
    }
    return (estimate >= ((int32_t)1 << 30)) ? INT32_MAX : (estimate * 2);
}

static int32_t exponential(const ep_softmax_s8_t* p, const int32_t* table, int32_t difference)
{
    const uint32_t index = (uint32_t)difference;
    return (index < p->entries) ? table[index] : 0;
}

static int8_t row_max_s8(const int8_t* x, uint32_t depth)
{
    int8_t max = x[0];
    for (uint32_t i = 1; i < depth; i++) {
        max = (x[i] > max) ? x[i] : max;
    }
    return max;
}

static void softmax_row_s8(const ep_softmax_s8_t* p, const int32_t* table, const int8_t* x, int8_t* y)
{
    const int8_t max = row_max_s8(x, p->depth);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < p->depth; i++) {
        const uint32_t term = (uint32_t)exponential(p, table, max - x[i]);
        sum += (term + (1U << (TERM_SHIFT - 1))) >> TERM_SHIFT;
    }
    if ((sum >> LIMIT_LOG2) != 0U) {
        __builtin_memset(y, INT8_MIN, p->depth);
        return;
    }
    uint32_t doubled = (uint32_t)sum;
    uint32_t exponent = 35;
    while (doubled < ((uint32_t)1 << 31)) {
        doubled <<= 1;
        exponent--;
    }
    const int32_t scale = reciprocal(doubled);
    for (uint32_t i = 0; i < p->depth; i++) {
        const int32_t product = ep_high_mul(scale, exponential(p, table, max - x[i]));
        const int32_t value = ep_rounding_shift(product, exponent) + INT8_MIN;
        y[i] = (int8_t)((value > INT8_MAX) ? INT8_MAX : value);
    }
}

void ep_softmax_s8(const ep_softmax_s8_t* p, const int32_t* table, const int8_t* x, int8_t* y)
{
    for (uint32_t row = 0; row < p->rows; row++) {
        softmax_row_s8(p, table, x, y);
        x += p->depth;
        y += p->depth;
    }
}

void ep_softmax_f32(const ep_softmax_f32_t* p, const float* x, float* y)
{
    for (uint32_t row = 0; row < p->rows; row++) {
        float max = x[0];
        for (uint32_t i = 1; i < p->depth; i++) {
            max = (x[i] > max) ? x[i] : max;
        }
        float sum = 0.0F;
        for (uint32_t i = 0; i < p->depth; i++) {
            y[i] = ep_exp((x[i] - max) * p->beta);
            sum += y[i];
        }
        for (uint32_t i = 0; i < p->depth; i++) {
            y[i] = y[i] / sum;
        }
        x += p->depth;
        y += p->depth;
    }
}
