/* SPDX-License-Identifier: MIT-0 */
#include "ep_dense_f16.h"

#include "ep_row_f16.h"

void ep_dense_f16(const ep_dense_f16_t* p, const float* x, const uint16_t* w, const float* bias,
                  float* y)
{
    const ep_range_f32_t range = {p->low, p->high};
    for (int32_t b = 0; b < p->batches; b++) {
        ep_row_f16(x, w, bias, p->depth, p->outputs, range, y);
        x += p->depth;
        y += p->outputs;
    }
}
