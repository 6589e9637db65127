/* SPDX-License-Identifier: MIT-0 */
/* SOFTMAX along the last dimension. */
#ifndef EP_SOFTMAX_H
#define EP_SOFTMAX_H

#include <stdint.h>

typedef struct {
    uint32_t rows;
    uint32_t depth;   /* elements of a row */
    uint32_t entries; /* of the table, 1 to 256 */
} ep_softmax_s8_t;

/// y[r][i] = e[r][i] / sum_j e[r][j], stored with scale 1/256 and zero point -128.
/// e[r][i] = table[max of row r - x[r][i]]: beta * scale times the difference, exponentiated, Q0.31;
/// beyond its entries the exponential counts as 0.
/// x, y: [rows][depth]; y may be x, or lie below it.
/// Bit-exact with TFLite reference_ops::Softmax. Where the exponentials of a row sum up to 512 or
/// more, every output is 0 (-128), as exact arithmetic has it; TFLite aborts there.
void ep_softmax_s8(const ep_softmax_s8_t* p, const int32_t* table, const int8_t* x, int8_t* y);

typedef struct {
    uint32_t rows;
    uint32_t depth;
    float beta;
} ep_softmax_f32_t;

/// y[r][i] = exp(beta * (x[r][i] - max of row r)) / the row's sum of these, summed in order.
/// x, y: [rows][depth]; y may be x, or lie below it.
void ep_softmax_f32(const ep_softmax_f32_t* p, const float* x, float* y);

#endif
