/* SPDX-License-Identifier: MIT-0 */
/* Dense layers of four rows in a 16-bit number: what the assembly does. */
#ifndef EP_PIECES_H
#define EP_PIECES_H

#include "ep_pairs.h"

/// What ep_pairs_rows does, with weights of four bits: 16-bit numbers are {a + 8}{c + 8}{b + 8}{d}, four
/// bits each, the first in the lowest ones. stream, for each 4 rows a b c d: {bias a}{256 * bias b +
/// bias a}{16 * bias c + bias a}{4096 * bias d + 256 * bias b + 16 * bias c + bias a}, then groups times
/// {numbers of 0 and 2}{of 1 and 3}. Weights behind the last value are 0, and so the numbers 0x0888.
/// |bias| + |sums| < 2^19, which edgepack proves of every row.
void ep_pieces_rows_s4(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream,
                       int8_t* y);

/// The same with a scale a row, and with two roundings, as ep_pairs_channels and ep_pairs_twice have it.
void ep_pieces_channels_s4(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream,
                           int8_t* y);
void ep_pieces_twice_s4(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream,
                        int8_t* y);

/// The same with weights of two bits: numbers {a + 2}{c + 2}{b + 2}{d + 2}, four bits each, 0x2222 behind
/// the last value; those of 1 and 3 times 4, and those of 0 and 2, in one word.
void ep_pieces_rows_s2(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream,
                       int8_t* y);
void ep_pieces_channels_s2(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream,
                           int8_t* y);
void ep_pieces_twice_s2(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream,
                        int8_t* y);

#endif
