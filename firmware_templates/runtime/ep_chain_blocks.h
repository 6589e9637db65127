/* SPDX-License-Identifier: MIT-0 */
/* Chained pixels with weights of which whole groups of four are left out. */
#ifndef EP_CHAIN_BLOCKS_H
#define EP_CHAIN_BLOCKS_H

#include "ep_chain.h"

/// What ep_chain_rows does, over the groups of four weights that are not all zero. stream: a word,
/// the bytes from the stream's start to the places; for each output {257 * bias - 128 * sum(w)},
/// four weights of each of its groups {0 1 2 3}, then {factor, nudge}, or, twice: {mantissa}{what is
/// added}. Places, for each output: {13 * skipped}{turns}, where its groups are 8 * turns - skipped and
/// at least 1; for each of them how many groups lie between it and the one before, in a byte; then,
/// twice: shift + 6.
void ep_chain_rows_blocks(const ep_chain_t* p, const uint32_t* chained, const uint32_t* stream,
                          int8_t* y, int32_t step);

#endif
