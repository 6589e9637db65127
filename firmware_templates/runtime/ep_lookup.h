/* SPDX-License-Identifier: MIT-0 */
/* A function of one byte, as a table. */
#ifndef EP_LOOKUP_H
#define EP_LOOKUP_H

#include <stdint.h>

/// y[i] = table[x[i] as unsigned], bytes of either signedness.
/// table: 256 entries. x, y: [count]; y may be x, or lie below it.
void ep_lookup(const uint8_t* table, const void* x, void* y, uint32_t count);

#endif
