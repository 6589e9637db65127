/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MATMUL_S8_H
#define EP_MATMUL_S8_H

#include "ep_matmul.h"

typedef struct {
    int32_t mantissa;  /* see ep_rescale */
    int16_t zero_term; /* 2 * zero point of y + 1 */
    int8_t code;
    int8_t zero_a; /* zero points */
    int8_t zero_b;
} ep_matmul_s8_t;

/// y[i][j] = saturate(zp_y + rescale(sum_k (a[i][k] - zp_a) * (b[k][j] - zp_b))), every batch.
/// y must overlap neither operand. edgepack proves that the sums fit int32_t.
/// Bit-exact with TFLite reference_ops::BatchMatMul on int8.
void ep_matmul_s8(const ep_matmul_t* sizes, const ep_matmul_s8_t* p, const int8_t* a,
                  const int8_t* b, int8_t* y);

#endif
