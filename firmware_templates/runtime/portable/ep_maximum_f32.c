/* SPDX-License-Identifier: MIT-0 */
#include "ep_maximum_f32.h"

#include "ep_pairwise.h"

EP_PAIRWISE_CHOOSE(ep_maximum_f32, ep_maximum_broadcast_f32, float, >);
