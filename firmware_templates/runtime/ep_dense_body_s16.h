/* SPDX-License-Identifier: MIT-0 */
/* Dense layers of int16 around a scaling of their sums. */
#ifndef EP_DENSE_BODY_S16_H
#define EP_DENSE_BODY_S16_H

#include "ep_dense_s16.h"
#include "ep_fixed.h"

/// A sum scaled; what a layer has of high and low words, of `split` and of shifts.
typedef int32_t (*ep_dense_scaled_t)(int64_t sum, uint32_t high, uint32_t low, int32_t split,
                                     int32_t shift);

/// ep_dense_s16 with this scaling.
static inline void ep_dense_body_s16(const ep_dense_s16_t* p, ep_dense_scaled_t scaled,
                                     const int16_t* x, const int8_t* w, const int64_t* bias,
                                     const uint32_t* highs, const uint32_t* lows,
                                     const int8_t* shifts, int16_t* y)
{
    const int32_t step = (p->per_channel != 0) ? 1 : 0;
    for (int32_t b = 0; b < p->batches; b++) {
        const int8_t* row = w;
        int32_t rows = 0;
        for (int32_t at = 0; at < p->outputs; at += rows) {
            int64_t sums[4];
            rows = ep_dots_rows(p->outputs - at);
            for (int32_t r = 0; r < rows; r++) {
                sums[r] = bias[at + r];
            }
            row = ep_dots_s16(x, row, p->depth, rows, sums);
            for (int32_t r = 0; r < rows; r++) {
                const int32_t o = (at + r) * step;
                const int32_t value = scaled(sums[r], highs[o], lows[o], p->split, shifts[o]);
                *y++ = (int16_t)ep_clamp(value, p->low, p->high);
            }
        }
        x += p->depth;
    }
}

#endif
