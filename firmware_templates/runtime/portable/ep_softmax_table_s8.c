/* SPDX-License-Identifier: MIT-0 */
#include "ep_softmax_table_s8.h"

#include "ep_softmax_row.h"

static int32_t exponential(const ep_softmax_table_s8_t* p, const int32_t* table, int32_t difference)
{
    const uint32_t index = (uint32_t)difference;
    return (index < p->entries) ? table[index] : 0;
}

static void softmax_row(const ep_softmax_table_s8_t* p, const int32_t* table, const int8_t* x,
                        int8_t* y)
{
    const int8_t max = ep_softmax_max(x, p->depth);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < p->depth; i++) {
        sum += ep_softmax_term(exponential(p, table, max - x[i]));
    }
    if ((sum >> 28) != 0U) { /* 512: no output reaches half a step */
        __builtin_memset(y, INT8_MIN, p->depth);
        return;
    }
    const ep_softmax_inverse_t inverse = ep_softmax_invert((uint32_t)sum);
    for (uint32_t i = 0; i < p->depth; i++) {
        y[i] = ep_softmax_output(inverse, exponential(p, table, max - x[i]));
    }
}

void ep_softmax_table_s8(const ep_softmax_table_s8_t* p, const int32_t* table, const int8_t* x,
                         int8_t* y)
{
    for (uint32_t row = 0; row < p->rows; row++) {
        softmax_row(p, table, x, y);
        x += p->depth;
        y += p->depth;
    }
}
