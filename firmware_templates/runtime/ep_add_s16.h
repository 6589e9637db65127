/* SPDX-License-Identifier: MIT-0 */
/* Sums and differences of int16. */
#ifndef EP_ADD_S16_H
#define EP_ADD_S16_H

#include "ep_pairwise.h"

/// a is the operand of the larger scale, and counts half; b the other one. Either factor may be
/// negative: then the operand is subtracted.
typedef struct {
    int32_t factor_a;   /* 2^14 or -2^14 */
    int32_t mantissa_b; /* Q0.31 */
    int32_t mantissa;
    int32_t zero_a; /* zero points */
    int32_t zero_b;
    int32_t zero;
    int8_t shift_b; /* right, in [0, 31] */
    int8_t shift;
    int16_t low; /* the activation's range */
    int16_t high;
} ep_add_s16_t;

/// y[i] = clamp(zp_y + rescale((a[i] - zp_a) * factor_a + rescale_b((b[i] - zp_b) * 2^15)))
/// y may be a or b, or an operand of its own shape. Bit-exact with TFLite's reference Add and Sub
/// on int16 with general scales.
EP_PAIRWISE_DECLARE(ep_add_s16, ep_add_broadcast_s16, ep_add_s16_t, int16_t);

/// Scales that are powers of two: one operand has the output's, the other is shifted.
typedef struct {
    int8_t shift_a; /* right, in [0, 15] */
    int8_t shift_b;
    int8_t sign_b; /* 1, or -1 to subtract */
    int16_t low;   /* the activation's range */
    int16_t high;
} ep_add_shifted_s16_t;

/// y[i] = clamp(a[i] / 2^shift_a + sign_b * (b[i] / 2^shift_b)), halves away from zero.
/// Bit-exact with TFLite's reference Add and Sub on int16 with scales of powers of two.
EP_PAIRWISE_DECLARE(ep_add_shifted_s16, ep_add_shifted_broadcast_s16, ep_add_shifted_s16_t,
                    int16_t);

#endif
