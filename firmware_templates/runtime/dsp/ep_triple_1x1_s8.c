/* SPDX-License-Identifier: MIT-0 */
#include "ep_triple_1x1_s8.h"

#include <stdbool.h>

#include "ep_limit_s8.h"

/// The last pixel, copied: widening reads whole words.
static const int8_t* copied(const int8_t* x, int32_t depth, int8_t* copy)
{
    for (int32_t k = 0; k < depth; k++) {
        copy[k] = x[k];
    }
    return copy;
}

void ep_triple_1x1_s8(const ep_chain_pixels_t* p, int32_t pixels, const int8_t* x,
                      const uint32_t* stream, uint32_t* scratch, int8_t* y)
{
    const int32_t outputs = p->rows.outputs;
    const int32_t depth = p->depth;
    int8_t* const last = (int8_t*)&scratch[4 * p->rows.groups];
    const int32_t kept = (depth % 4 != 0) ? 1 : 0; /* pixels that must be copied */
    ep_triple_run_t run = {.rows = p->rows,
                           .x = {x, x + depth},
                           .x_step = 2 * depth,
                           .tiles = (pixels - kept) / 2,
                           .window = {.groups = p->rows.groups, .lines = 1},
                           .wide = scratch,
                           .stream = stream,
                           .y = y,
                           .step = outputs};
    const int32_t done = 2 * run.tiles;
    if (done > 0) {
        ep_triple_run(&run);
    }
    if (done < pixels) {
        const bool both = pixels - done == 2;
        const int8_t* const end = &x[(pixels - 1) * depth];
        run.x[1] = (kept == 1) ? copied(end, depth, last) : end;
        run.x[0] = both ? end - depth : run.x[1];
        run.tiles = 1;
        run.y = &y[done * outputs];
        run.step = both ? outputs : 0;
        ep_triple_run(&run);
    }
    ep_limit_s8(y, pixels * outputs, p->low, p->high);
}
