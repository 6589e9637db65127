/* SPDX-License-Identifier: MIT-0 */
#include "ep_hard_swish.h"

void ep_hard_swish_f32(const float* x, float* y, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const float sum = x[i] + 3.0F;
        const float gate = (sum < 0.0F) ? 0.0F : sum;
        y[i] = x[i] * ((gate > 6.0F) ? 6.0F : gate) / 6.0F;
    }
}
