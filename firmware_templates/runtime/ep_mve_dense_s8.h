/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_DENSE_S8_H
#define EP_MVE_DENSE_S8_H

#include "ep_mve_rows_s8.h"

/// ep_mve_rows_s8 for each batch of depth inputs, cut to the activation's range.
/// scratch: 16 * steps bytes where depth is no multiple of 16, so that nothing beyond x is read;
/// else NULL. y must not overlap x.
/// Bit-exact with the dense layer of LiteRT's reference kernels as ep_dense_s8 is.
void ep_mve_dense_s8(const ep_mve_rows_t* p, int32_t batches, int32_t depth, const int8_t* x,
                     const int32_t* w, const int32_t* tables, int8_t* scratch, int8_t* y);

#endif
