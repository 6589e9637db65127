/* SPDX-License-Identifier: MIT-0 */
/* Functions of one byte that need no table. */
#ifndef EP_CLAMP_H
#define EP_CLAMP_H

#include <stdint.h>

/// y[i] = min(max(x[i], low), high). x, y: [count]; y may be x, or lie below it.
void ep_clamp_s8(const int8_t* x, int8_t* y, uint32_t count, int8_t low, int8_t high);

/// y[i] = x[i] with its sign bit flipped: uint8 to int8 or back, with zero points 128 apart.
/// x, y: [count] bytes; y may be x, or lie below it.
void ep_flip_sign(const void* x, void* y, uint32_t count);

#endif
