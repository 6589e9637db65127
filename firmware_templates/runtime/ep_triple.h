/* SPDX-License-Identifier: MIT-0 */
/* Four sums out of three: rows of weights chained into the halves of words, 1.5 times their bytes. */
#ifndef EP_TRIPLE_H
#define EP_TRIPLE_H

#include <stdint.h>

#include "ep_chain.h"

/// Widens two rows of int8: of every 4 values a row, 4 words {0 and 2 of a}{of b}{1 and 3 of a}{of b}.
/// Gives the end of wide. x: two rows, at any address, read to the end of the last group; groups:
/// values / 4, at least 1.
uint32_t* ep_triple_widen(const int8_t* const* x, int32_t groups, uint32_t* wide);

/// The same for windows of several lines, one line after the other. x: their first lines.
uint32_t* ep_triple_window(const int8_t* const* x, const ep_chain_window_t* window,
                           uint32_t* wide);

/// Widens one value of each of three lines, as ep_chain_three chains them.
void ep_triple_three(const int8_t* const* x, const ep_chain_window_t* window, uint32_t* wide);

/// y[i * step + o] = saturate(zp_y + requantize(bias[o] + sum_k x[i][k] * w[o][k])) for 2 pixels i.
/// wide: 4 * groups words. stream: for each four outputs a b c d, the last ones zeros where there are
/// fewer: {256 b + a}{256 c + b}{256 d + c} of biases, groups times the same three of weights, in both
/// halves of a word, for values 0 and 2, then for 1 and 3; then what requantises: {factor and nudge of
/// a}{of b}{of c}{of d}; or, twice: {shift + 6 of a, b, c, d}{mantissa of a and what is added}{of b}{of
/// c}{of d}. Both as ep_chain_rows has them, and exact likewise.
/// A step of 0 is for one pixel: both are the same.
void ep_triple_rows(const ep_chain_t* p, const uint32_t* wide, const uint32_t* stream, int8_t* y,
                    int32_t step);

#endif
