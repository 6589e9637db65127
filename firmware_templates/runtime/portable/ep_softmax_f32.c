/* SPDX-License-Identifier: MIT-0 */
#include "ep_softmax_f32.h"

#include "ep_math.h"

void ep_softmax_f32(const ep_softmax_f32_t* p, const float* x, float* y)
{
    for (uint32_t row = 0; row < p->rows; row++) {
        float max = x[0];
        for (uint32_t i = 1; i < p->depth; i++) {
            max = (x[i] > max) ? x[i] : max;
        }
        float sum = 0.0F;
        for (uint32_t i = 0; i < p->depth; i++) {
            y[i] = ep_exp((x[i] - max) * p->beta);
            sum += y[i];
        }
        for (uint32_t i = 0; i < p->depth; i++) {
            y[i] = y[i] / sum;
        }
        x += p->depth;
        y += p->depth;
    }
}
