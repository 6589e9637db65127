/* SPDX-License-Identifier: MIT-0 */
/* Pointwise layers by chained pixels, whatever the weights. */
#ifndef EP_CHAIN_PIXELS_BODY_H
#define EP_CHAIN_PIXELS_BODY_H

#include "ep_chain.h"
#include "ep_limit_s8.h"

/// The last pixel, copied: chaining reads whole words.
static inline const int8_t* ep_chain_copied(const int8_t* x, int32_t depth, int8_t* copy)
{
    for (int32_t k = 0; k < depth; k++) {
        copy[k] = x[k];
    }
    return copy;
}

static inline void ep_chain_pixels(const ep_chain_pixels_t* p, ep_chain_rows_t* outputs_of,
                                   int32_t pixels, const int8_t* x, const uint32_t* stream,
                                   uint32_t* scratch, int8_t* y)
{
    const int32_t outputs = p->rows.outputs;
    const int32_t depth = p->depth;
    int8_t* const last = (int8_t*)&scratch[6 * p->rows.groups];
    int8_t* const first = y;
    while (pixels > 0) {
        const int32_t count = (pixels >= 4) ? 4 : 1;
        const int32_t next = (count == 4) ? depth : 0;
        const int32_t step = (count == 4) ? outputs : 0;
        const int8_t* rows[4] = {x, x + next, x + 2 * next, x + 3 * next};
        if (pixels == count && depth % 4 != 0) {
            rows[3] = ep_chain_copied(rows[3], depth, last);
            if (count == 1) {
                rows[0] = last;
                rows[1] = last;
                rows[2] = last;
            }
        }
        (void)ep_chain_widen(rows, p->rows.groups, scratch);
        outputs_of(&p->rows, scratch, stream, y, step);
        x += count * depth;
        y += count * outputs;
        pixels -= count;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}

#endif
