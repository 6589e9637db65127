/* SPDX-License-Identifier: MIT-0 */
#include "ep_dense_four_f32.h"

#include "ep_row_four_f32.h"

void ep_dense_four_f32(const ep_dense_f32_t* p, const float* x, const float* w, const float* bias,
                       float* y)
{
    const ep_range_f32_t range = {p->low, p->high};
    for (int32_t b = 0; b < p->batches; b++) {
        ep_row_four_f32(x, w, bias, p->depth, p->outputs, range, y);
        x += p->depth;
        y += p->outputs;
    }
}
