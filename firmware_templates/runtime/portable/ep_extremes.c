/* SPDX-License-Identifier: MIT-0 */
#include "ep_extremes.h"

#include "ep_pairwise.h"

EP_PAIRWISE_CHOOSE(ep_maximum_s16, ep_maximum_broadcast_s16, int16_t, >);
EP_PAIRWISE_CHOOSE(ep_maximum_s32, ep_maximum_broadcast_s32, int32_t, >);
EP_PAIRWISE_CHOOSE(ep_maximum_s64, ep_maximum_broadcast_s64, int64_t, >);
EP_PAIRWISE_CHOOSE(ep_minimum_s16, ep_minimum_broadcast_s16, int16_t, <);
EP_PAIRWISE_CHOOSE(ep_minimum_s32, ep_minimum_broadcast_s32, int32_t, <);
EP_PAIRWISE_CHOOSE(ep_minimum_s64, ep_minimum_broadcast_s64, int64_t, <);
