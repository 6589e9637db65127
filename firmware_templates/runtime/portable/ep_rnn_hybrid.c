/* SPDX-License-Identifier: MIT-0 */
#include "ep_rnn_hybrid.h"

#include <stddef.h>

#include "ep_hybrid.h"
#include "ep_rnn_body.h"

static ep_hybrid_t quantised(const float* x, int32_t count, int asymmetric, int8_t* stored)
{
    return (asymmetric != 0) ? ep_hybrid_asymmetric(x, count, stored)
                             : ep_hybrid_symmetric(x, count, stored);
}

static float dot(const int8_t* x, const int8_t* w, int32_t count, int32_t sum, float scale)
{
    for (int32_t k = 0; k < count; k++) {
        sum += x[k] * w[k];
    }
    return (float)sum * scale;
}

/// One step of one batch.
static void step(const ep_rnn_t* p, float scale_x, float scale_h, const float* x, const int8_t* w,
                 const int32_t* totals, const float* bias, float* state, int8_t* scratch, float* y)
{
    int8_t* const before = scratch + p->inputs;
    const ep_hybrid_t input = quantised(x, p->inputs, totals != NULL, scratch);
    const ep_hybrid_t h = quantised(state, p->units, totals != NULL, before);
    for (int32_t u = 0; u < p->units; u++) {
        const int32_t zero_x = (totals != NULL) ? (-input.zero * totals[2 * u]) : 0;
        const int32_t zero_h = (totals != NULL) ? (-h.zero * totals[2 * u + 1]) : 0;
        float value = bias[u];
        value += dot(scratch, w, p->inputs, zero_x, scale_x * input.scale);
        w += p->inputs;
        value += dot(before, w, p->units, zero_h, scale_h * h.scale);
        w += p->units;
        y[u] = ep_rnn_activation(p, value);
    }
    for (int32_t u = 0; u < p->units; u++) {
        state[u] = y[u];
    }
}

void ep_rnn_hybrid(const ep_rnn_t* p, float scale_x, float scale_h, const float* x,
                   const int8_t* w, const int32_t* totals, const float* bias, float* state,
                   int8_t* scratch, float* y)
{
    for (int32_t b = 0; b < p->batches; b++) {
        int32_t from = p->start_x + b * p->batch_x;
        int32_t to = p->start_y + b * p->batch_y;
        for (int32_t t = 0; t < p->steps; t++) {
            step(p, scale_x, scale_h, &x[from], w, totals, bias, state, scratch, &y[to]);
            from += p->step_x;
            to += p->step_y;
        }
        state += p->units;
    }
}
