/* SPDX-License-Identifier: MIT-0 */
#include "ep_tile_f32.h"

#include <stddef.h>

#include "ep_float.h"

void ep_four_f32(const float* x, const float* w, int32_t depth, float* sums)
{
    for (int32_t r = 0; r < 4; r++) {
        sums[r] = 0.0f;
    }
    for (int32_t k = 0; k < depth; k++) {
        for (int32_t r = 0; r < 4; r++) {
            sums[r] += x[k] * w[4 * k + r];
        }
    }
}

void ep_tile_f32(const ep_tile_f32_t* p, const float* x, const float* w, const float* bias,
                 float* y)
{
    for (int32_t i = 0; i < 4; i++) {
        float sums[4];
        ep_four_f32(&x[i * p->depth], w, p->depth, sums);
        for (int32_t r = 0; r < 4; r++) {
            y[i * p->step + r] = ep_clamp_f32(sums[r] + bias[r], p->low, p->high);
        }
    }
}

float* ep_put_f32(float* to, const float* from, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = (from == NULL) ? 0.0f : from[i];
    }
    return to + count;
}
