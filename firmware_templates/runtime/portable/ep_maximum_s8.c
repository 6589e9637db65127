/* SPDX-License-Identifier: MIT-0 */
#include "ep_maximum_s8.h"

#include "ep_pairwise.h"

EP_PAIRWISE_CHOOSE(ep_maximum_s8, ep_maximum_broadcast_s8, int8_t, >);
