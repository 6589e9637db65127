/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_TWICE_S8_H
#define EP_DENSE_TWICE_S8_H

#include "ep_dense_wide.h"

/// y[b][o] = clamp(zp_y + requantize(bias[o] + sum_k x[b][k] * w[o][k])), rounded twice: a dense layer
/// of TFLite Micro, or a 1x1 convolution whose pixels are the batches. stream: as ep_pairs_twice takes it.
/// scratch: 8 * rows.groups bytes, aligned to 4. A batch is read before its outputs are written.
/// Bit-exact with TFLite reference_integer_ops::ConvPerChannel.
void ep_dense_twice_s8(const ep_dense_wide_t* p, const int8_t* x, const uint32_t* stream,
                       uint32_t* scratch, int8_t* y);

#endif
