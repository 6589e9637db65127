/* SPDX-License-Identifier: MIT-0 */
#include "ep_hybrid_sums.h"

#include <stddef.h>

#include "ep_dense_block.h"

void ep_hybrid_sums(const ep_hybrid_sums_t* p, ep_hybrid_t input, const int8_t* x,
                    const int8_t* w, const int32_t* totals, const float* scales,
                    const float* bias, float* y)
{
    int32_t count = 0;
    for (int32_t at = 0; at < p->outputs; at += count) {
        int32_t sums[4] = {0, 0, 0, 0};
        count = (p->outputs - at >= 4) ? 4 : 1;
        for (int32_t i = 0; i < count && totals != NULL; i++) {
            sums[i] = -input.zero * totals[at + i];
        }
        w = (count == 4) ? ep_dense_block(x, w, p->depth, sums, sums)
                         : ep_dense_single(x, w, p->depth, sums, sums);
        for (int32_t i = 0; i < count; i++) {
            const float sum = (float)sums[i];
            const float scale = scales[(p->channels != 0) ? (at + i) : 0];
            const float value = (p->weights_first != 0) ? ((sum * scale) * input.scale)
                                                        : (sum * (input.scale * scale));
            y[at + i] = ep_clamp_f32(value + bias[at + i], p->low, p->high);
        }
    }
}
