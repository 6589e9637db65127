/* SPDX-License-Identifier: MIT-0 */
/* Weights of at most four values: a table, and two bits each. */
#ifndef EP_SPARSE_FEW_S8_H
#define EP_SPARSE_FEW_S8_H

#include "ep_conv_pairs.h"
#include "ep_dense_narrow.h"

/// What ep_conv_2d_s8 does, of one group, with these weights.
/// w: the 4 values; then for each output the places of its weights in them, four in a byte, the first
/// one's lowest, the last byte filled as far as the depth goes.
void ep_sparse_few_conv_s8(const ep_conv_2d_t* p, const int8_t* x, const int8_t* w,
                           const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                           int8_t* scratch, int8_t* y);

/// What the dense layers of ep_dense_narrow.h do, with these weights.
void ep_sparse_few_dense_s8(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w,
                            const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                            int8_t* y);

#endif
