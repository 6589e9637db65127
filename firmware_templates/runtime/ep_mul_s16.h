/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MUL_S16_H
#define EP_MUL_S16_H

#include "ep_pairwise.h"

typedef struct {
    int32_t mantissa; /* of the product of the scales over y's */
    int32_t zero_a;   /* zero points */
    int32_t zero_b;
    int32_t zero;
    int8_t shift;
    int16_t low; /* the activation's range */
    int16_t high;
} ep_mul_s16_t;

/// y[i] = clamp(zp_y + requantize((a[i] - zp_a) * (b[i] - zp_b))). y may be a or b, or an operand
/// of its own shape. Bit-exact with TFLite's reference Mul on int16.
EP_PAIRWISE_DECLARE(ep_mul_s16, ep_mul_broadcast_s16, ep_mul_s16_t, int16_t);

#endif
