/* SPDX-License-Identifier: MIT-0 */
/* From a sum to an int8 by the steps of ep_quad_s8.h. */
#ifndef EP_STEPS_H
#define EP_STEPS_H

#include "ep_fixed.h"
#include "ep_quad_s8.h"

static inline int8_t ep_step(const ep_quad_t* p, int32_t sum, const uint32_t* steps)
{
    const int32_t high = (int32_t)(((int64_t)sum * (int64_t)steps[0]) >> 32);
    return (int8_t)ep_clamp((high + (int32_t)steps[1]) >> (steps[0] & 31U), p->low, p->high);
}

static inline int8_t ep_step_signed(const ep_quad_t* p, int32_t sum, const uint32_t* steps)
{
    const int64_t product = (int64_t)(sum * 4) * (int64_t)steps[0];
    const int32_t high = (int32_t)(product >> 32) + (sum >> 31) * 2;
    return (int8_t)ep_clamp((high + (int32_t)steps[1]) >> steps[2], p->low, p->high);
}

#endif
