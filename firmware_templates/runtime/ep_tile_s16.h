/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_TILE_S16_H
#define EP_TILE_S16_H

#include <stdint.h>

/// sums[r][i] = bias[r] + sum_k x[k][i] * w[k][r] of two rows and four pixels, modulo 2^32.
/// x: [pairs][4 pixels][2], aligned to 4: pairs of a pixel's values side by side; w: of each
/// pair {a0 b0 a1 b1} in bytes, aligned to 4. pairs: a multiple of 4, at least 4.
void ep_tile_s16(const int16_t* x, const int8_t* w, int32_t pairs, const int32_t* bias,
                 int32_t* sums);

#endif
