/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_S8_H
#define EP_DENSE_S8_H

#include <stdint.h>

typedef struct {
    int32_t batches;
    int32_t depth;     /* inputs of a batch, at least 1 */
    int32_t outputs;   /* of a batch, at least 1 */
    int32_t mantissa;  /* of the one scale; see ep_rescale_once */
    int16_t zero_term; /* 2 * zero point of y + 1 */
    int8_t code;
    int8_t low; /* the activation's range */
    int8_t high;
} ep_dense_t;

/// y[b][o] = clamp(zp_y + rescale_once(bias[o] + sum_k x[b][k] * w[o][k]))
/// w: blocks of 4 outputs as [depth][4], then the 1 to 3 outputs left as [depth] each; bias: the
/// zero point of x folded in. y must not overlap x. edgepack proves that the sums fit int32_t.
/// Bit-exact with the dense layer of LiteRT's reference kernels, which scales in double precision
/// and rounds halves away from zero: edgepack takes the mantissa that gives the same for every sum.
void ep_dense_s8(const ep_dense_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                 int8_t* y);

#endif
