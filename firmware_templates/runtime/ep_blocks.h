/* SPDX-License-Identifier: MIT-0 */
/* Dense layers of which whole groups of four weights are left out: what the assembly does. */
#ifndef EP_BLOCKS_H
#define EP_BLOCKS_H

#include "ep_pairs.h"

/// What ep_pairs_rows does, over the groups of four weights that are not all zero. stream: a word, the
/// bytes from the stream's start to the places; for each output {256 * bias}, then four weights of each
/// of its groups {0 1 2 3}. Places, for each output: {skipped}{turns}, where its groups are 16 * turns -
/// skipped and at least 1; for each of them how many groups lie between it and the one before, in a
/// byte. Behind the last output {16}{0}, which ends it.
void ep_blocks_rows(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream, int8_t* y);

/// The same with a scale a row: its mantissa follows its weights, its shift + 6 its places.
void ep_blocks_channels(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream,
                        int8_t* y);

/// The same with TFLite's two roundings: behind the mantissa 64 + (2 * zero point + 1) * 2^(shift + 6).
void ep_blocks_twice(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream, int8_t* y);

#endif
