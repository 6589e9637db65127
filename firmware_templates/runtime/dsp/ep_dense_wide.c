/* SPDX-License-Identifier: MIT-0 */
#include "ep_dense_wide.h"

#include "ep_limit_s8.h"

/// A row of values, the last ones with zeros behind them.
static void widen(const int8_t* x, int32_t depth, uint32_t* wide)
{
    const int32_t whole = depth / 4;
    if (whole > 0) {
        ep_pairs_widen(x, whole, wide);
    }
    if (depth % 4 != 0) {
        int8_t last[4] = {0, 0, 0, 0};
        for (int32_t k = 0; k < depth % 4; k++) {
            last[k] = x[4 * whole + k];
        }
        ep_pairs_widen(last, 1, &wide[2 * whole]);
    }
}

void ep_dense_wide(const ep_dense_wide_t* p, ep_dense_run_t* run, const int8_t* x,
                   const uint32_t* stream, uint32_t* scratch, int8_t* y)
{
    int8_t* const first = y;
    for (int32_t b = 0; b < p->batches; b++) {
        widen(x, p->depth, scratch);
        run(&p->rows, scratch, stream, y);
        x += p->depth;
        y += p->rows.outputs;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}
