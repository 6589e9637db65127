/* SPDX-License-Identifier: MIT-0 */
/* SOFTMAX along the last dimension in int8: the exponentials are a table. */
#ifndef EP_SOFTMAX_TABLE_S8_H
#define EP_SOFTMAX_TABLE_S8_H

#include <stdint.h>

typedef struct {
    uint32_t rows;
    uint32_t depth;   /* elements of a row */
    uint32_t entries; /* of the table, 1 to 256 */
} ep_softmax_table_s8_t;

/// y as of ep_softmax_s8, to the bit.
/// table[d] = exp(-beta * scale * d) in Q0.31; beyond its entries the exponential counts as 0.
/// x, y: [rows][depth]; y may be x, or lie below it.
void ep_softmax_table_s8(const ep_softmax_table_s8_t* p, const int32_t* table, const int8_t* x,
                         int8_t* y);

#endif
