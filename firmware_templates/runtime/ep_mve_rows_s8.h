/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_ROWS_S8_H
#define EP_MVE_ROWS_S8_H

#include <stdint.h>

/// A dense layer; its scale, where it has one for all outputs.
typedef struct {
    int32_t steps;    /* of 16 inputs each, at least 1 */
    int32_t outputs;  /* at least 1 */
    int32_t mantissa; /* Q0.31, not negative */
    int32_t shift;    /* minus the right shift: -31 to -1 */
    int32_t zero;     /* zero point of y */
    int8_t low;       /* the activation's range, to which the caller cuts y */
    int8_t high;
} ep_mve_rows_t;

/// y[o] = saturate(zp_y + (bias[o] + sum_k x[k] * w[o][k]) * mantissa / 2^(31 - shift)), rounded
/// once, halves upwards.
/// x: 16 * steps bytes, those beyond the layer's own meet weights of 0.
/// w: blocks of 8 outputs, [steps][8][16] weights and then the biases of outputs 0 2 4 6 1 3 5 7;
/// the 1 to 7 outputs left as a bias and 16 * steps weights each.
/// tables: NULL, or for each block 8 mantissas and 8 bytes, the shifts, in that order too; then a
/// mantissa and a shift for each output left. y must not overlap x.
void ep_mve_rows_s8(const ep_mve_rows_t* p, const int8_t* x, const int32_t* w,
                    const int32_t* tables, int8_t* y);

/// ep_mve_rows_s8, or its like.
typedef void ep_mve_rows_run_t(const ep_mve_rows_t* p, const int8_t* x, const int32_t* w,
                               const int32_t* tables, int8_t* y);

#endif
