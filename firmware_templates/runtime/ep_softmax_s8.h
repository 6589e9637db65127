/* SPDX-License-Identifier: MIT-0 */
/* SOFTMAX along the last dimension in int8: the smallest kernel, each exponential computed. */
#ifndef EP_SOFTMAX_S8_H
#define EP_SOFTMAX_S8_H

#include <stdint.h>

typedef struct {
    uint32_t rows;
    uint32_t depth;   /* elements of a row */
    int32_t mantissa; /* beta * scale of x in Q5.26: mantissa / 2^31 * 2^shift */
    uint32_t shift;   /* in [0, 31] */
    int32_t radius;   /* the last difference that counts; radius * 2^shift < 2^31 */
} ep_softmax_s8_t;

/// y[r][i] = exp(beta * scale * (x[r][i] - max of row r)) / the row's sum of these.
/// Stored with scale 1/256 and zero point -128. x, y: [rows][depth]; y may be x, or lie below it.
/// Bit-exact with TFLite reference_ops::Softmax. Where the exponentials of a row sum up to 512 or
/// more, every output is 0 (-128), as exact arithmetic has it; TFLite aborts there.
void ep_softmax_s8(const ep_softmax_s8_t* p, const int8_t* x, int8_t* y);

#endif
