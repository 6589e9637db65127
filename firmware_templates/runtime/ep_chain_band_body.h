/* SPDX-License-Identifier: MIT-0 */
/* Tiles of chained pixels over a band, whatever the weights. */
#ifndef EP_CHAIN_BAND_BODY_H
#define EP_CHAIN_BAND_BODY_H

#include "ep_band.h"

#define EP_CHAIN_BAND_PIXELS 4 /* of a tile */

static inline void ep_chain_band_tile(const ep_band_t* b, ep_chain_rows_t* outputs_of,
                                      const int8_t* const* rows, int32_t step, int8_t* y)
{
    const ep_band_conv_t* const p = b->p;
    uint32_t* end = b->values;
    if (p->whole.groups > 0) {
        end = ep_chain_window(rows, &p->whole, end);
    }
    if (p->rest == 1 && p->window.kernel_h == 3) {
        ep_chain_three(rows, &p->whole, end);
    } else if (p->rest > 0) {
        const int8_t* copies[EP_CHAIN_BAND_PIXELS];
        const int32_t groups = ep_band_rests(b, rows, EP_CHAIN_BAND_PIXELS, copies);
        (void)ep_chain_widen(copies, groups, end);
    }
    outputs_of(&p->rows, b->values, b->stream, y, step);
}

/// An ep_band_tiles_t.
static inline void ep_chain_band_run(const ep_band_t* b, ep_chain_rows_t* outputs_of,
                                     const int8_t** rows, int32_t tiles, int32_t further,
                                     int32_t step, int8_t* y)
{
    for (; tiles > 0; tiles--) {
        ep_chain_band_tile(b, outputs_of, rows, step, y);
        for (int32_t k = 0; k < EP_CHAIN_BAND_PIXELS; k++) {
            rows[k] += further;
        }
        y += EP_CHAIN_BAND_PIXELS * step;
    }
}

#endif
