/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DOTS_S16_H
#define EP_DOTS_S16_H

#include <stdint.h>

#define EP_DOTS_CHUNK 508 /* products of int16 and int8 whose sum fits int32_t; divisible by 4 */

/// sums[r] += sum_k x[k] * w[r][k] for `rows` rows, which are 4 or 1; gives the end of w.
/// w: [depth / 4][rows][4], each 4 in the order 0, 2, 1, 3, then the depth that is left as
/// [k][rows].
const int8_t* ep_dots_s16(const int16_t* x, const int8_t* w, int32_t depth, int32_t rows,
                          int64_t* sums);

/// How many rows come next where `left` are left.
static inline int32_t ep_dots_rows(int32_t left)
{
    return (left >= 4) ? 4 : 1;
}

#endif
