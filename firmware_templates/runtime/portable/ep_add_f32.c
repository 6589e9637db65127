/* SPDX-License-Identifier: MIT-0 */
#include "ep_add_f32.h"

#include "ep_pairwise.h"

#define SUM(p, a, b) ep_clamp_f32((a) + (b), (p)->low, (p)->high)

EP_PAIRWISE_DEFINE(ep_add_f32, ep_add_broadcast_f32, ep_range_f32_t, float, SUM);
