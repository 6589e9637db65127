/* SPDX-License-Identifier: MIT-0 */
/* Columns of int8, two side by side, and the layers that they go through. */
#ifndef EP_COLUMNS_H
#define EP_COLUMNS_H

#include <stdint.h>

/// What the outputs of two columns need.
typedef struct {
    int32_t depth;     /* bytes of a column, at least 1 */
    int32_t outputs;   /* at least 1 */
    int16_t zero_term; /* 2 * zero point of y + 1 */
    int8_t low;        /* the activation's range */
    int8_t high;
} ep_columns_t;

/// y0[o] = clamp(zp_y + rescale(bias[o] + sum_k x[k][0] * w[o][k])), y1[o] the same of x[k][1].
/// x: [depth][2]. bias: the zero point of x folded in. codes: see ep_rescale.
/// y1 may be y0 where both columns are equal. edgepack proves that the sums fit int32_t.
typedef void (*ep_columns_function_t)(const ep_columns_t* p, const int8_t* x, const int8_t* w,
                                      const int32_t* bias, const int32_t* multipliers,
                                      const int8_t* codes, int8_t* y0, int8_t* y1);

#endif
