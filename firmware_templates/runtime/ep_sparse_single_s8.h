/* SPDX-License-Identifier: MIT-0 */
/* Weights of which all zeros are left out. */
#ifndef EP_SPARSE_SINGLE_S8_H
#define EP_SPARSE_SINGLE_S8_H

#include "ep_conv_pairs.h"
#include "ep_dense_narrow.h"

/// What ep_conv_2d_s8 does, of one group, with these weights.
/// w, for each output: {n}{n times how many weights lie between this one and the one before it, and the
/// weight}, where an n of 255 is followed by another one.
void ep_sparse_single_conv_s8(const ep_conv_2d_t* p, const int8_t* x, const int8_t* w,
                           const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                           int8_t* scratch, int8_t* y);

/// What the dense layers of ep_dense_narrow.h do, with these weights.
void ep_sparse_single_dense_s8(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w,
                            const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                            int8_t* y);

#endif
