/* SPDX-License-Identifier: MIT-0 */
#include "ep_minimum_f32.h"

#include "ep_pairwise.h"

EP_PAIRWISE_CHOOSE(ep_minimum_f32, ep_minimum_broadcast_f32, float, <);
