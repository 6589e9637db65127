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
    int8_t* const first = y;
    for (; pixels > 0; pixels -= 2) {
        const bool both = pixels > 1;
        const int8_t* rows[2] = {x, both ? x + depth : x};
        if (pixels <= 2 && depth % 4 != 0) {
            rows[1] = copied(rows[1], depth, last);
            rows[0] = both ? x : last;
        }
        (void)ep_triple_widen(rows, p->rows.groups, scratch);
        ep_triple_rows(&p->rows, scratch, stream, y, both ? outputs : 0);
        x += 2 * depth;
        y += both ? 2 * outputs : outputs;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}
