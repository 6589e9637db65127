/* SPDX-License-Identifier: MIT-0 */
/* Dense layers whose rows are chained, three numbers for four weights: what the assembly does. */
#ifndef EP_TRIPLE_DENSE_H
#define EP_TRIPLE_DENSE_H

#include "ep_pairs.h"

/// As ep_pairs_rows. stream, for each four rows a b c d, the last ones zeros where there are fewer:
/// {256 b + a}{256 c + b}{256 d + c} of biases, then groups times the same three of weights, in both
/// halves of a word, for values 0 and 2, then for 1 and 3.
void ep_triple_dense(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream, int8_t* y);

/// The same with a scale a row: 4 mantissas and a word of shifts + 6 follow each 4 rows' weights.
void ep_triple_dense_channels(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream,
                              int8_t* y);

#endif
