/* SPDX-License-Identifier: MIT-0 */
#include "ep_leaky_relu.h"

void ep_leaky_relu_f32(const float* x, float* y, uint32_t count, float alpha)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = (x[i] > 0.0F) ? x[i] : (x[i] * alpha);
    }
}
