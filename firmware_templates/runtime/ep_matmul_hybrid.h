/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MATMUL_HYBRID_H
#define EP_MATMUL_HYBRID_H

#include "ep_hybrid_sums.h"
#include "ep_matmul.h"

/// y[i][j] = sum_k a[i][k] * b[k][j] for every batch, each row of a quantised to int8 (ep_hybrid.h).
/// b: the columns of each matrix as ep_hybrid_sums takes them; totals: the sums of those columns, one
/// matrix after the other, NULL where a has no zero; scales and bias: of columns.
/// scratch: depth bytes, behind depth floats where flip_a. y must not overlap a.
/// Bit-exact with TFLite's hybrid BatchMatMul on a desktop.
void ep_matmul_hybrid(const ep_matmul_t* p, const ep_hybrid_sums_t* sums, const float* a,
                      const int8_t* b, const int32_t* totals, const float* scales,
                      const float* bias, float* scratch, float* y);

#endif
