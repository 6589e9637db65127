/* SPDX-License-Identifier: MIT-0 */
/* Arithmetic on int64_t that has no scale. */
#ifndef EP_INTEGERS_S64_H
#define EP_INTEGERS_S64_H

#include "ep_pairwise.h"

typedef struct {
    int64_t low; /* the activation's range */
    int64_t high;
} ep_range_s64_t;

/// y[i] = clamp(a[i] + b[i]), a[i] - b[i], a[i] * b[i], computed modulo 2^64. y may be a or b,
/// or an operand of its own shape. Bit-exact with TFLite's reference kernels.
EP_PAIRWISE_DECLARE(ep_add_s64, ep_add_broadcast_s64, ep_range_s64_t, int64_t);
EP_PAIRWISE_DECLARE(ep_sub_s64, ep_sub_broadcast_s64, ep_range_s64_t, int64_t);
EP_PAIRWISE_DECLARE(ep_mul_s64, ep_mul_broadcast_s64, ep_range_s64_t, int64_t);

#endif
