/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CHAIN_1X1_BLOCKS_S8_H
#define EP_CHAIN_1X1_BLOCKS_S8_H

#include "ep_chain_blocks.h"

/// What ep_chain_1x1_s8 does, with the stream of ep_chain_blocks.h.
void ep_chain_1x1_blocks_s8(const ep_chain_pixels_t* p, int32_t pixels, const int8_t* x,
                            const uint32_t* stream, uint32_t* scratch, int8_t* y);

#endif
