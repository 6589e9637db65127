/* SPDX-License-Identifier: MIT-0 */
#include "ep_relu.h"

void ep_relu_f32(const float* x, float* y, uint32_t count, float low, float high)
{
    for (uint32_t i = 0; i < count; i++) {
        const float value = (x[i] < low) ? low : x[i];
        y[i] = (value > high) ? high : value;
    }
}
