/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_ADD_TABLE_S8_H
#define EP_ADD_TABLE_S8_H

#include "ep_add_table.h"

/// y[i] = clamp(zp_y + requantize(2^19 * a[i] + table[b[i]] / 2), low, high): a's multiplier is a
/// half; b's, its sign and both zero points are in the table. y may begin at or before a and b.
/// Bit-exact with TFLite reference_integer_ops::Add and Sub.
void ep_add_table_s8(const ep_add_table_t* p, int32_t low, int32_t high, const int8_t* a,
                     const int8_t* b, const int32_t* table, int8_t* y);

#endif
