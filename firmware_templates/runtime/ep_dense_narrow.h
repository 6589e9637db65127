/* SPDX-License-Identifier: MIT-0 */
/* Dense layers of int8 whose weights have four bits or two, or lie around a zero point. */
#ifndef EP_DENSE_NARROW_H
#define EP_DENSE_NARROW_H

#include <stdint.h>

typedef struct {
    int32_t batches;
    int32_t depth;
    int32_t outputs;
    int16_t zero_term;  /* 2 * zero point of y + 1 */
    int8_t per_channel; /* 0: one multiplier and code for all outputs */
    int8_t low;         /* the activation's range */
    int8_t high;
} ep_dense_narrow_t;

/// y[b][o] = clamp(zp_y + rescale_once(bias[o] + sum_k x[b][k] * w[o][k])); bias: the zero point of
/// x folded in. codes: see ep_rescale_once. y must not overlap x.
/// s4: w as ep_columns_s4 has it; s2 and u8 likewise.
void ep_dense_s4(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                 const int32_t* multipliers, const int8_t* codes, int8_t* y);
void ep_dense_s2(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                 const int32_t* multipliers, const int8_t* codes, int8_t* y);
void ep_dense_u8(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                 const int32_t* multipliers, const int8_t* codes, int8_t* y);

#endif
