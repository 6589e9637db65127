/* SPDX-License-Identifier: MIT-0 */
/* Chained pixels with weights of two bits. */
#ifndef EP_CHAIN_S2_H
#define EP_CHAIN_S2_H

#include "ep_chain.h"

/// What ep_chain_rows does, with a word for each two groups of values in the place of four: 2 more
/// than a0 b0 a1 b1 of the first group and then of the second one in the lower half, two bits each, a2
/// b2 a3 b3 likewise in the upper one. With an odd number of groups the first one has a word to itself.
/// Weights behind the last value are 0, and so 2.
void ep_chain_rows_s2(const ep_chain_t* p, const uint32_t* chained, const uint32_t* stream,
                      int8_t* y, int32_t step);

#endif
