/* SPDX-License-Identifier: MIT-0 */
#include "ep_dense_s8.h"

#include "ep_dense_block.h"
#include "ep_limit_s8.h"
#include "ep_rescale.h"

/// All outputs of one batch.
static void row(const ep_dense_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                int8_t* y)
{
    int32_t count = 0;
    for (int32_t left = p->outputs; left > 0; left -= count) {
        int32_t sums[4];
        if (left >= 4) {
            w = ep_dense_block(x, w, p->depth, bias, sums);
            count = 4;
        } else {
            w = ep_dense_single(x, w, p->depth, bias, sums);
            count = 1;
        }
        bias += count;
        for (int32_t i = 0; i < count; i++) {
            const int32_t value = ep_rescale_once(sums[i], p->mantissa, p->code, p->zero_term);
            *y++ = ep_saturate(value);
        }
    }
}

void ep_dense_s8(const ep_dense_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                 int8_t* y)
{
    int8_t* const first = y;
    for (int32_t b = 0; b < p->batches; b++) {
        row(p, x, w, bias, y);
        x += p->depth;
        y += p->outputs;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}
