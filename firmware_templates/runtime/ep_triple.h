/* SPDX-License-Identifier: MIT-0 */
/* Four sums out of three: rows of weights chained into the halves of words, 1.5 times their bytes. */
#ifndef EP_TRIPLE_H
#define EP_TRIPLE_H

#include <stdint.h>

#include "ep_chain.h"

/// Tiles of two pixels in a row.
typedef struct {
    ep_chain_t rows;
    const int8_t* x[2]; /* where the first tile's windows start, at any address */
    int32_t x_step;     /* to the next tile's */
    int32_t tiles;
    ep_chain_window_t window; /* the lines' whole groups, at least one, read to their end */
    int32_t three;            /* three lines have a value each behind them, which make one more group */
    uint32_t* wide;           /* 4 * rows.groups words */
    const uint32_t* stream;
    int8_t* y;
    int32_t step; /* from pixel to pixel; 0 for a tile of one pixel: both are the same */
} ep_triple_run_t;

/// y[i * step + o] = saturate(zp_y + requantize(bias[o] + sum_k x[i][k] * w[o][k])) for the pixels i of
/// all tiles, each of which follows the one before it. A group's four values of the two pixels are
/// widened to {0 and 2 of a}{of b}{1 and 3 of a}{of b}. stream: for each four outputs a b c d, the last
/// ones zeros where there are fewer: {256 b + a}{256 c + b}{256 d + c} of biases, groups times the same
/// three of weights, in both halves of a word, for values 0 and 2, then for 1 and 3; then what
/// requantises: {factor and nudge of a}{of b}{of c}{of d}; or, twice: {shift + 6 of a, b, c, d}
/// {mantissa of a and what is added}{of b}{of c}{of d}. Both as ep_chain_rows has them, and exact
/// likewise.
void ep_triple_run(const ep_triple_run_t* run);

#endif
