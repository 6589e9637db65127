/* SPDX-License-Identifier: MIT-0 */
#include "ep_minimum_s8.h"

#include "ep_pairwise.h"

EP_PAIRWISE_CHOOSE(ep_minimum_s8, ep_minimum_broadcast_s8, int8_t, <);
