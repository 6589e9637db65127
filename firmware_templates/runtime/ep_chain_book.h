/* SPDX-License-Identifier: MIT-0 */
/* Chained pixels with weights of at most sixteen values. */
#ifndef EP_CHAIN_BOOK_H
#define EP_CHAIN_BOOK_H

#include "ep_chain.h"

#define EP_CHAIN_BOOK_WORDS 256 /* of the table of pairs, which lies before the chained pixels */

/// What ep_chain_rows does, with half a byte a weight: in the place of {a0 b0 a2 b2}{a1 b1 a3 b3} the
/// stream has a byte each of {a0 a2}{b0 b2}{a1 a3}{b1 b3}, the places of two weights among the values,
/// the first one's in the lower half. chained: behind the words of ep_chain_book_pairs.
void ep_chain_rows_book(const ep_chain_t* p, const uint32_t* chained, const uint32_t* stream,
                        int8_t* y, int32_t step);

/// All pairs of 16 values: {second}{first} in the halves of word 16 * second place + first place.
/// Gives what lies behind them. values: 16 of int8 in 4 words.
static inline uint32_t* ep_chain_book_pairs(const uint32_t* values, uint32_t* pairs)
{
    const int8_t* const value = (const int8_t*)(const void*)values;
    for (int32_t second = 0; second < 16; second++) {
        const uint32_t high = (uint32_t)(int32_t)value[second] << 16;
        for (int32_t first = 0; first < 16; first++) {
            *pairs++ = high | (uint16_t)value[first];
        }
    }
    return pairs;
}

#endif
