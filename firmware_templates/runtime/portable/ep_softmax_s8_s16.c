/* SPDX-License-Identifier: MIT-0 */
#include "ep_softmax_s8_s16.h"

#include "ep_softmax_row.h"

static int32_t exponential(const ep_softmax_table_s8_t* p, const int32_t* table, int32_t difference)
{
    const uint32_t index = (uint32_t)difference;
    return (index < p->entries) ? table[index] : 0;
}

/// As ep_softmax_output, 256 times finer.
static void softmax_row(const ep_softmax_table_s8_t* p, const int32_t* table, const int8_t* x,
                        int16_t* y)
{
    const int8_t max = ep_softmax_max(x, p->depth);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < p->depth; i++) {
        sum += ep_softmax_term(exponential(p, table, max - x[i]));
    }
    const ep_softmax_inverse_t inverse = ep_softmax_invert(sum);
    for (uint32_t i = 0; i < p->depth; i++) {
        const int32_t product = ep_high_mul(inverse.scale, exponential(p, table, max - x[i]));
        const int32_t value = ep_rounding_shift(product, inverse.exponent - 8U) + INT16_MIN;
        y[i] = (int16_t)((value > INT16_MAX) ? INT16_MAX : value);
    }
}

void ep_softmax_s8_s16(const ep_softmax_table_s8_t* p, const int32_t* table, const int8_t* x,
                       int16_t* y)
{
    for (uint32_t row = 0; row < p->rows; row++) {
        softmax_row(p, table, x, y);
        x += p->depth;
        y += p->depth;
    }
}
