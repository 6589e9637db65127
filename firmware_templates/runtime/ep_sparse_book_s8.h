/* SPDX-License-Identifier: MIT-0 */
/* Weights of at most sixteen values: a table, and half a byte each. */
#ifndef EP_SPARSE_BOOK_S8_H
#define EP_SPARSE_BOOK_S8_H

#include "ep_conv_pairs.h"
#include "ep_dense_narrow.h"

/// What ep_conv_2d_s8 does, of one group, with these weights.
/// w: the 16 values; then for each output the places of its weights in them, two in a byte, the first
/// one's lower, the last byte of an odd depth half filled.
void ep_sparse_book_conv_s8(const ep_conv_2d_t* p, const int8_t* x, const int8_t* w,
                           const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                           int8_t* scratch, int8_t* y);

/// What the dense layers of ep_dense_narrow.h do, with these weights.
void ep_sparse_book_dense_s8(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w,
                            const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                            int8_t* y);

#endif
