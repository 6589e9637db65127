/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_SWAR_PACK_H
#define EP_SWAR_PACK_H

#include <stdint.h>

/// Lays out `count` depths, at least 1, of the four pixels at x for ep_swar_s8; gives the next word.
uint32_t* ep_swar_pack(const int8_t* const* x, int32_t count, uint32_t* to);

#endif
