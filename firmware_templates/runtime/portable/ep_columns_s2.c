/* SPDX-License-Identifier: MIT-0 */
#include "ep_columns_s2.h"

#include "ep_columns_body.h"
#include "ep_quarters.h"

/// Four outputs over all depths; gives the end of w.
static const int8_t* block(const int8_t* x, const int8_t* w, int32_t depth, int32_t* sums)
{
    int32_t local[8];
    for (int32_t i = 0; i < 8; i++) {
        local[i] = sums[i];
    }
    for (const int8_t* const end = w + depth; w != end; w++) {
        ep_columns_tap(x, ep_quarter(*w, 0), ep_quarter(*w, 1), ep_quarter(*w, 2),
                       ep_quarter(*w, 3), local);
        x += 2;
    }
    for (int32_t i = 0; i < 8; i++) {
        sums[i] = local[i];
    }
    return w;
}

/// The same for one output.
static const int8_t* single(const int8_t* x, const int8_t* w, int32_t depth, int32_t* sums)
{
    for (int32_t k = 0; k < depth; k++) {
        const int32_t weight = ep_quarter(w[k / 4], k % 4);
        sums[0] += x[2 * k] * weight;
        sums[4] += x[2 * k + 1] * weight;
    }
    return w + (depth + 3) / 4;
}

void ep_columns_s2(const ep_columns_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                   const int32_t* multipliers, const int8_t* codes, int8_t* y0, int8_t* y1)
{
    int32_t count = 0;
    for (int32_t at = 0; at < p->outputs; at += count) {
        int32_t sums[8];
        count = (p->outputs - at >= 4) ? 4 : 1;
        ep_columns_start(&bias[at], count, sums);
        w = (count == 4) ? block(x, w, p->depth, sums) : single(x, w, p->depth, sums);
        ep_columns_finish(p, sums, count, &multipliers[at], &codes[at], &y0[at], &y1[at]);
    }
}
