/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_ADD_TABLE_H
#define EP_ADD_TABLE_H

#include <stdint.h>

typedef struct {
    int32_t count;
    int32_t mantissa;
    int32_t round; /* (2 * zero point of y + 1) << shift */
    int32_t shift; /* right shift - 1, in [0, 21] */
} ep_add_table_t;

/// y[i] = saturate(zp_y + requantize(2^19 * a[i] + table[b[i]] / 2)); table: twice b's term for b
/// at (uint8_t)b, [256]. Reads at any address. y may begin at or before a and b.
void ep_add_table(const ep_add_table_t* p, const int8_t* a, const int8_t* b, const int32_t* table,
                  int8_t* y);

#endif
