/* SPDX-License-Identifier: MIT-0 */
/* Pointwise layers by pairs of pixels, whatever the weights. */
#ifndef EP_MVE_CONV_1X1_BODY_H
#define EP_MVE_CONV_1X1_BODY_H

#include <stddef.h>

#include "ep_mve_bytes.h"
#include "ep_mve_pixels_s8.h"

static inline void ep_mve_conv_1x1(const ep_mve_pixels_t* p, ep_mve_pixels_run_t* run,
                                   int32_t pixels, const int8_t* x, const int32_t* w,
                                   const int32_t* tables, int8_t* scratch, int8_t* y)
{
    const int32_t last = (scratch == NULL) ? 0 : 2 - pixels % 2;
    const int32_t first = pixels - last;
    if (first > 0) {
        run(p, first, x, w, tables, y);
    }
    if (last > 0) {
        ep_mve_copy(scratch, x + first * p->depth, last * p->depth);
        run(p, last, scratch, w, tables, y + first * p->outputs);
    }
    ep_mve_limit(y, pixels * p->outputs, p->low, p->high);
}

#endif
