/* SPDX-License-Identifier: MIT-0 */
/* Weights of which at most one or two of every four are not zero. */
#ifndef EP_SPARSE_NM_S8_H
#define EP_SPARSE_NM_S8_H

#include "ep_conv_pairs.h"
#include "ep_dense_narrow.h"

/// What ep_conv_2d_s8 does, of one group, with these weights.
/// w: {n}, 1 or 2 of four; then for each output, for each 4 of its weights that are stored: the place of
/// each in its four, 2 bits, the first one's lowest, and the 4 weights. The depth is a multiple of 16 / n.
void ep_sparse_nm_conv_s8(const ep_conv_2d_t* p, const int8_t* x, const int8_t* w,
                           const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                           int8_t* scratch, int8_t* y);

/// What the dense layers of ep_dense_narrow.h do, with these weights.
void ep_sparse_nm_dense_s8(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w,
                            const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                            int8_t* y);

#endif
