/* SPDX-License-Identifier: MIT-0 */
/* Rows of bytes from one dense tensor to another through a table: parts of a uint8 concatenation
 * that have a scale of their own. */
#ifndef EP_COPY_TABLE_H
#define EP_COPY_TABLE_H

#include "ep_copy.h"

/// As ep_copy, with table[b] for each byte b. table: 256 entries.
void ep_copy_table(const ep_copy_t* p, const uint8_t* table, const void* x, void* y);

#endif
