/* SPDX-License-Identifier: MIT-0 */
/* The range of an activation that is fused into arithmetic on whole numbers. */
#ifndef EP_RANGE_H
#define EP_RANGE_H

#include <stdint.h>

typedef struct {
    int32_t low;
    int32_t high;
} ep_range_s32_t;

#endif
