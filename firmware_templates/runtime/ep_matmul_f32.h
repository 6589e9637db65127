/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MATMUL_F32_H
#define EP_MATMUL_F32_H

#include "ep_matmul.h"

/// y[i][j] = sum_k a[i][k] * b[k][j], summed in the order of k, every batch.
/// y must overlap neither operand. Bit-exact with TFLite reference_ops::BatchMatMul.
void ep_matmul_f32(const ep_matmul_t* p, const float* a, const float* b, float* y);

#endif
