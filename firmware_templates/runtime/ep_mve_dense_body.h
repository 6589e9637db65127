/* SPDX-License-Identifier: MIT-0 */
/* Dense layers by rows of eight outputs, whatever the weights. */
#ifndef EP_MVE_DENSE_BODY_H
#define EP_MVE_DENSE_BODY_H

#include <stddef.h>

#include "ep_mve_bytes.h"
#include "ep_mve_rows_s8.h"

static inline void ep_mve_dense(const ep_mve_rows_t* p, ep_mve_rows_run_t* run, int32_t batches,
                                int32_t depth, const int8_t* x, const int32_t* w,
                                const int32_t* tables, int8_t* scratch, int8_t* y)
{
    int8_t* const first = y;
    for (int32_t b = 0; b < batches; b++) {
        const int8_t* inputs = x;
        if (scratch != NULL) {
            ep_mve_copy(scratch, x, depth);
            inputs = scratch;
        }
        run(p, inputs, w, tables, y);
        x += depth;
        y += p->outputs;
    }
    ep_mve_limit(first, (int32_t)(y - first), p->low, p->high);
}

#endif
