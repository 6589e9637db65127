/* SPDX-License-Identifier: MIT-0 */
#include "ep_dense_hybrid.h"

void ep_dense_hybrid(const ep_hybrid_sums_t* p, int32_t batches, const float* x, const int8_t* w,
                     const int32_t* totals, const float* scales, const float* bias,
                     int8_t* scratch, float* y)
{
    for (int32_t b = 0; b < batches; b++) {
        const ep_hybrid_t input = (p->asymmetric != 0)
                                      ? ep_hybrid_asymmetric(x, p->depth, scratch)
                                      : ep_hybrid_symmetric(x, p->depth, scratch);
        ep_hybrid_sums(p, input, scratch, w, totals, scales, bias, y);
        x += p->depth;
        y += p->outputs;
    }
}
