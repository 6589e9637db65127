/* SPDX-License-Identifier: MIT-0 */
/* Arithmetic on int32_t that has no scale. */
#ifndef EP_INTEGERS_S32_H
#define EP_INTEGERS_S32_H

#include "ep_pairwise.h"
#include "ep_range.h"

/// y[i] = clamp(a[i] + b[i]), a[i] - b[i], a[i] * b[i], computed modulo 2^32. y may be a or b,
/// or an operand of its own shape. Bit-exact with TFLite's reference kernels.
EP_PAIRWISE_DECLARE(ep_add_s32, ep_add_broadcast_s32, ep_range_s32_t, int32_t);
EP_PAIRWISE_DECLARE(ep_sub_s32, ep_sub_broadcast_s32, ep_range_s32_t, int32_t);
EP_PAIRWISE_DECLARE(ep_mul_s32, ep_mul_broadcast_s32, ep_range_s32_t, int32_t);

#endif
