/* SPDX-License-Identifier: MIT-0 */
/* Chained pixels with weights of four bits. */
#ifndef EP_CHAIN_S4_H
#define EP_CHAIN_S4_H

#include "ep_chain.h"

/// What ep_chain_rows does, with a word for each group of values in the place of two: 8 more than
/// a0 b0 a1 b1 a2 b2 a3 b3, four bits each, a0 in the lowest ones. Weights behind the last value are
/// 0, and so 8.
void ep_chain_rows_s4(const ep_chain_t* p, const uint32_t* chained, const uint32_t* stream,
                      int8_t* y, int32_t step);

#endif
