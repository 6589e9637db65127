/* SPDX-License-Identifier: MIT-0 */
#include "ep_chain_band_s8.h"

#define TOGETHER 4 /* pixels */

static void tile(const ep_band_t* b, const int8_t* const* rows, int32_t step, int8_t* y)
{
    const ep_band_conv_t* const p = b->p;
    uint32_t* end = b->values;
    if (p->whole.groups > 0) {
        end = ep_chain_window(rows, &p->whole, end);
    }
    if (p->rest == 1 && p->window.kernel_h == 3) {
        ep_chain_three(rows, &p->whole, end);
    } else if (p->rest > 0) {
        const int8_t* copies[TOGETHER];
        const int32_t groups = ep_band_rests(b, rows, TOGETHER, copies);
        (void)ep_chain_widen(copies, groups, end);
    }
    ep_chain_rows(&p->rows, b->values, b->stream, y, step);
}

static void run(const ep_band_t* b, const int8_t** rows, int32_t tiles, int32_t further,
                int32_t step, int8_t* y)
{
    for (; tiles > 0; tiles--) {
        tile(b, rows, step, y);
        for (int32_t k = 0; k < TOGETHER; k++) {
            rows[k] += further;
        }
        y += TOGETHER * step;
    }
}

void ep_chain_band_s8(const ep_band_conv_t* p, const int8_t* x, const uint32_t* stream,
                      uint32_t* scratch, int8_t* y)
{
    ep_band_conv(p, run, TOGETHER, x, stream, scratch, 6 * p->rows.groups, y);
}
