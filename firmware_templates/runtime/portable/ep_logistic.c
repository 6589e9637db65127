/* SPDX-License-Identifier: MIT-0 */
#include "ep_logistic.h"

#include "ep_math.h"

void ep_logistic_f32(const float* x, float* y, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = ep_logistic(x[i]);
    }
}
