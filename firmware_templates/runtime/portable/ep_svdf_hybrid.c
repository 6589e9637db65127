/* SPDX-License-Identifier: MIT-0 */
#include "ep_svdf_hybrid.h"

#include <stddef.h>

#include "ep_float.h"
#include "ep_hybrid.h"
#include "ep_lanes.h"

static int32_t dot(const int8_t* x, const int8_t* w, int32_t count)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < count; i++) {
        sum += x[i] * w[i];
    }
    return sum;
}

/// Moves a filter's memory on by one, with a new value at its end; its sum over time.
static float remember(const ep_svdf_f32_t* p, float value, const int8_t* time, float scale,
                      float* state)
{
    ep_lanes_t sum = {{0.0f, 0.0f, 0.0f, 0.0f}, 0.0f};
    for (int32_t m = 0; m < p->memory; m++) {
        state[m] = (m + 1 < p->memory) ? state[m + 1] : value;
        ep_lanes_add(&sum, ((float)time[m] * scale) * state[m], m, p->memory);
    }
    return sum.sum;
}

void ep_svdf_hybrid(const ep_svdf_f32_t* p, float scale_w, float scale_t, const float* x,
                    const int8_t* w, const int32_t* totals, const int8_t* time,
                    const float* bias, float* state, int8_t* scratch, float* y)
{
    for (int32_t b = 0; b < p->batches; b++) {
        const ep_hybrid_t input = (totals != NULL) ? ep_hybrid_asymmetric(x, p->inputs, scratch)
                                                   : ep_hybrid_symmetric(x, p->inputs, scratch);
        const float scale = input.scale * scale_w;
        int32_t f = 0;
        for (int32_t u = 0; u < p->units; u++) {
            ep_lanes_t unit = {{0.0f, 0.0f, 0.0f, 0.0f}, 0.0f};
            for (int32_t r = 0; r < p->rank; r++) {
                const int32_t zero = (totals != NULL) ? (input.zero * totals[f]) : 0;
                const int32_t sum = dot(scratch, &w[f * p->inputs], p->inputs) - zero;
                const float part = remember(p, (float)sum * scale, &time[f * p->memory], scale_t,
                                            state);
                ep_lanes_add(&unit, part, r, p->rank);
                state += p->memory;
                f++;
            }
            *y++ = ep_clamp_f32(unit.sum + bias[u], p->low, p->high);
        }
        x += p->inputs;
    }
}
