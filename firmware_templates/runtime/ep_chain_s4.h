/* SPDX-License-Identifier: MIT-0 */
/* Chained pixels with weights of four bits. */
#ifndef EP_CHAIN_S4_H
#define EP_CHAIN_S4_H

#include "ep_chain.h"

/// What ep_chain_rows does with weights, biases and so sums 16 times as large: of the two words of 4
/// values the stream has one, with the weights of the first one's bytes in the upper halves, of the
/// second one's in the lower halves. Twice: shift + 10 takes the place of shift + 6, with 1024 for 64,
/// and right shifts are in [1, 12]. |bias| + |sums| < 2^19 before they are multiplied.
void ep_chain_rows_s4(const ep_chain_t* p, const uint32_t* chained, const uint32_t* stream,
                      int8_t* y, int32_t step);

#endif
