/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_BLOCKS_S8_H
#define EP_DENSE_BLOCKS_S8_H

#include "ep_blocks.h"
#include "ep_dense_wide.h"

/// What ep_dense_pairs_s8 does, with the stream of ep_blocks.h.
void ep_dense_blocks_s8(const ep_dense_wide_t* p, const int8_t* x, const uint32_t* stream,
                        uint32_t* scratch, int8_t* y);

/// What ep_dense_twice_s8 does, likewise.
void ep_dense_blocks_twice_s8(const ep_dense_wide_t* p, const int8_t* x, const uint32_t* stream,
                              uint32_t* scratch, int8_t* y);

#endif
