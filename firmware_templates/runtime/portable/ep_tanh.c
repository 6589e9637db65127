/* SPDX-License-Identifier: MIT-0 */
#include "ep_tanh.h"

#include "ep_math.h"

void ep_tanh_f32(const float* x, float* y, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = ep_tanh(x[i]);
    }
}
