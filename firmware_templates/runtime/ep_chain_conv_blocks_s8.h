/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CHAIN_CONV_BLOCKS_S8_H
#define EP_CHAIN_CONV_BLOCKS_S8_H

#include "ep_chain_blocks.h"
#include "ep_chain_conv_s8.h"

/// What ep_chain_conv_s8 does, with the stream of ep_chain_blocks.h.
void ep_chain_conv_blocks_s8(const ep_chain_conv_t* p, const int8_t* x, const uint32_t* stream,
                             uint32_t* scratch, int8_t* y);

#endif
