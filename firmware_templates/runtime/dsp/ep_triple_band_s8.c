/* SPDX-License-Identifier: MIT-0 */
#include "ep_triple_band_s8.h"

#define TOGETHER 2 /* pixels */

static void tile(const ep_band_t* b, const int8_t* const* rows, int32_t step, int8_t* y)
{
    const ep_band_conv_t* const p = b->p;
    uint32_t* end = b->values;
    if (p->whole.groups > 0) {
        end = ep_triple_window(rows, &p->whole, end);
    }
    if (p->rest == 1 && p->window.kernel_h == 3) {
        ep_triple_three(rows, &p->whole, end);
    } else if (p->rest > 0) {
        const int8_t* copies[TOGETHER];
        const int32_t groups = ep_band_rests(b, rows, TOGETHER, copies);
        (void)ep_triple_widen(copies, groups, end);
    }
    ep_triple_rows(&p->rows, b->values, b->stream, y, step);
}

void ep_triple_band_s8(const ep_band_conv_t* p, const int8_t* x, const uint32_t* stream,
                       uint32_t* scratch, int8_t* y)
{
    ep_band_conv(p, tile, TOGETHER, x, stream, scratch, 4 * p->rows.groups, y);
}
