/* SPDX-License-Identifier: MIT-0 */
#include "ep_triple_band_s8.h"

#include <stdbool.h>

#define TOGETHER 2 /* pixels */

/// Copies each pixel's window, for its lines are no whole words.
static void copy(const ep_band_t* b, const int8_t** rows)
{
    const ep_band_conv_t* const p = b->p;
    const int32_t line = p->window.kernel_w * p->window.in_c;
    for (int32_t k = 0; k < TOGETHER; k++) {
        int8_t* const first = &b->rests[4 * p->rows.groups * k];
        const int8_t* from = rows[k];
        int8_t* to = first;
        for (int32_t h = p->window.kernel_h; h > 0; h--) {
            for (int32_t i = 0; i < line; i++) {
                *to++ = from[i];
            }
            from += p->whole.pitch;
        }
        rows[k] = first;
    }
}

static void run(const ep_band_t* b, const int8_t** rows, int32_t tiles, int32_t further,
                int32_t step, int8_t* y)
{
    const ep_band_conv_t* const p = b->p;
    const bool is_three = p->rest == 1 && p->window.kernel_h == 3 && p->whole.groups > 0;
    ep_triple_run_t way = {.rows = p->rows,
                           .x_step = further,
                           .tiles = tiles,
                           .window = p->whole,
                           .three = is_three,
                           .wide = b->values,
                           .stream = b->stream,
                           .y = y,
                           .step = step};
    if (p->rest == 0 || is_three) {
        way.x[0] = rows[0];
        way.x[1] = rows[1];
        ep_triple_run(&way);
        return;
    }
    way.tiles = 1;
    way.window = (ep_chain_window_t){.groups = p->rows.groups, .lines = 1};
    for (; tiles > 0; tiles--) {
        const int8_t* windows[TOGETHER] = {rows[0], rows[1]};
        copy(b, windows);
        way.x[0] = windows[0];
        way.x[1] = windows[1];
        ep_triple_run(&way);
        way.y += TOGETHER * step;
        rows[0] += further;
        rows[1] += further;
    }
}

void ep_triple_band_s8(const ep_band_conv_t* p, const int8_t* x, const uint32_t* stream,
                       uint32_t* scratch, int8_t* y)
{
    ep_band_conv(p, run, TOGETHER, x, stream, scratch, 4 * p->rows.groups, y);
}
