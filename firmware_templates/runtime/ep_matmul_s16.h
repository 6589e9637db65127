/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MATMUL_S16_H
#define EP_MATMUL_S16_H

#include "ep_matmul.h"

/// y[i][j] = saturate(requantize(sum_k a[i][k] * b[k][j])), every batch; all zero points are 0.
/// factor and shift: see ep_requantize_wide. y must overlap neither operand.
/// Bit-exact with TFLite reference_ops::BatchMatMul on int16.
void ep_matmul_s16(const ep_matmul_t* sizes, int32_t factor, int32_t shift, const int16_t* a,
                   const int16_t* b, int16_t* y);

#endif
