/* SPDX-License-Identifier: MIT-0 */
#include "ep_dense_twos_s8.h"

#include "ep_dot_two_s8.h"
#include "ep_limit_s8.h"
#include "ep_rescale.h"

/// All outputs of one batch.
static void row(const ep_dense_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                int8_t* y)
{
    for (int32_t left = p->outputs; left > 0; left -= 2) {
        const int32_t other = (left > 1) ? 1 : 0;
        const int8_t* const rows[2] = {w, w + other * p->depth};
        int32_t sums[2] = {bias[0], bias[other]};
        ep_dot_two_s8(x, rows, p->depth, sums);
        for (int32_t i = 0; i <= other; i++) {
            y[i] = ep_saturate(ep_rescale_once(sums[i], p->mantissa, p->code, p->zero_term));
        }
        w += 2 * p->depth;
        bias += 2;
        y += 2;
    }
}

void ep_dense_twos_s8(const ep_dense_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
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
