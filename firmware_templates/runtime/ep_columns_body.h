/* SPDX-License-Identifier: MIT-0 */
/* Columns with weights that are unpacked as they are read. */
#ifndef EP_COLUMNS_BODY_H
#define EP_COLUMNS_BODY_H

#include "ep_columns.h"
#include "ep_limit_s8.h"
#include "ep_rescale.h"

/// Adds the products of four weights, which lie side by side, and one depth of both columns.
static inline void ep_columns_tap(const int8_t* x, int32_t w0, int32_t w1, int32_t w2, int32_t w3,
                                  int32_t* sums)
{
    const int32_t x0 = x[0];
    const int32_t x1 = x[1];
    sums[0] += x0 * w0;
    sums[1] += x0 * w1;
    sums[2] += x0 * w2;
    sums[3] += x0 * w3;
    sums[4] += x1 * w0;
    sums[5] += x1 * w1;
    sums[6] += x1 * w2;
    sums[7] += x1 * w3;
}

/// The sums of both columns start at the bias of `count` outputs, 4 or 1.
static inline void ep_columns_start(const int32_t* bias, int32_t count, int32_t* sums)
{
    for (int32_t i = 0; i < 4; i++) {
        sums[i] = (i < count) ? bias[i] : 0;
        sums[i + 4] = sums[i];
    }
}

/// Writes `count` outputs of both columns.
static inline void ep_columns_finish(const ep_columns_t* p, const int32_t* sums, int32_t count,
                                     const int32_t* multipliers, const int8_t* codes, int8_t* y0,
                                     int8_t* y1)
{
    for (int32_t i = 0; i < count; i++) {
        y0[i] = ep_saturate(ep_rescale(sums[i], multipliers[i], codes[i], p->zero_term));
    }
    for (int32_t i = 0; i < count; i++) {
        y1[i] = ep_saturate(ep_rescale(sums[i + 4], multipliers[i], codes[i], p->zero_term));
    }
    ep_limit_s8(y0, count, p->low, p->high);
    ep_limit_s8(y1, count, p->low, p->high);
}

#endif
