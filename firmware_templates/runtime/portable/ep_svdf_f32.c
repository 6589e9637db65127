/* SPDX-License-Identifier: MIT-0 */
#include "ep_svdf_f32.h"

#include "ep_float.h"
#include "ep_lanes.h"

void ep_svdf_f32(const ep_svdf_f32_t* p, const float* x, const float* w, const float* time,
                 const float* bias, float* state, float* y)
{
    for (int32_t b = 0; b < p->batches; b++) {
        int32_t f = 0;
        for (int32_t u = 0; u < p->units; u++) {
            ep_lanes_t unit = {{0.0f, 0.0f, 0.0f, 0.0f}, 0.0f};
            for (int32_t r = 0; r < p->rank; r++) {
                for (int32_t m = 0; m < p->memory - 1; m++) {
                    state[m] = state[m + 1];
                }
                state[p->memory - 1] = ep_lanes_dot(x, &w[f * p->inputs], p->inputs);
                const float part = ep_lanes_dot(state, &time[f * p->memory], p->memory);
                ep_lanes_add(&unit, part, r, p->rank);
                state += p->memory;
                f++;
            }
            *y++ = ep_clamp_f32(unit.sum + bias[u], p->low, p->high);
        }
        x += p->inputs;
    }
}
