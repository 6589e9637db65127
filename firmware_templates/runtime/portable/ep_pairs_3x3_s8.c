/* SPDX-License-Identifier: MIT-0 */
#include "ep_pairs_3x3_s8.h"

/// The output of a sum, as ep_swar_s8 has it.
static int8_t output(const ep_pairs_t* p, int32_t sum, const uint32_t* row)
{
    if (sum < 0) {
        return (int8_t)p->low;
    }
    const uint32_t t = (uint32_t)sum;
    if (t > row[3]) {
        return (int8_t)(p->low + p->span);
    }
    const uint32_t part = (t * (row[1] & 8191U)) >> 13;
    return (int8_t)(p->low + (int32_t)((t * (row[1] >> 13) + part + (row[2] >> 8)) >> 24));
}

void ep_pairs_3x3_s8(const ep_pairs_t* p, const uint32_t* x, const int8_t* w,
                     const uint32_t* row, int8_t* y)
{
    for (int32_t i = 0; i < p->lines; i++) {
        for (int32_t j = 0; j < p->columns; j++) {
            const uint32_t* const window = x + (i * p->x_line + j * p->x_column) / 4;
            int32_t upper = (int32_t)row[0];
            int32_t lower = upper;
            for (int32_t k = 0; k < 9; k++) {
                const uint32_t word = window[(k / 3) * (p->pitch / 4) + k % 3];
                upper += (int16_t)(word & 0xFFFFU) * w[k];
                lower += (int16_t)(((word + 0x8000U) >> 16) & 0xFFFFU) * w[k];
            }
            int8_t* const to = y + i * p->y_line + j * p->y_column;
            to[0] = output(p, upper, row);
            to[p->below] = output(p, lower, row);
        }
    }
}
