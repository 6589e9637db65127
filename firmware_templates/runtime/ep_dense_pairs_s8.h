/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_PAIRS_S8_H
#define EP_DENSE_PAIRS_S8_H

#include "ep_dense_wide.h"

/// y[b][o] = clamp(zp_y + (bias[o] + sum_k x[b][k] * w[o][k]) * scale), rounded once. stream: as
/// ep_pairs.h has it. scratch: 8 * rows.groups bytes, aligned to 4. y must not overlap x.
/// Bit-exact with LiteRT's FullyConnected, which rounds halves away from zero: edgepack proves that
/// no sum tells the difference.
void ep_dense_pairs_s8(const ep_dense_wide_t* p, const int8_t* x, const uint32_t* stream,
                       uint32_t* scratch, int8_t* y);

#endif
