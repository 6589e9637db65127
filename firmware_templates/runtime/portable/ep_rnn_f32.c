/* SPDX-License-Identifier: MIT-0 */
#include "ep_rnn_f32.h"

#include "ep_rnn_body.h"

static float dot(const float* x, const float* w, int32_t count)
{
    float sum = 0.0f;
    for (int32_t k = 0; k < count; k++) {
        sum += x[k] * w[k];
    }
    return sum;
}

/// One step of one batch.
static void step(const ep_rnn_t* p, const float* x, const float* w, const float* bias,
                 float* state, float* y)
{
    for (int32_t u = 0; u < p->units; u++) {
        float value = bias[u];
        value += dot(x, w, p->inputs);
        w += p->inputs;
        value += dot(state, w, p->units);
        w += p->units;
        y[u] = ep_rnn_activation(p, value);
    }
    for (int32_t u = 0; u < p->units; u++) {
        state[u] = y[u];
    }
}

void ep_rnn_f32(const ep_rnn_t* p, const float* x, const float* w, const float* bias, float* state,
                float* y)
{
    for (int32_t b = 0; b < p->batches; b++) {
        int32_t from = p->start_x + b * p->batch_x;
        int32_t to = p->start_y + b * p->batch_y;
        for (int32_t t = 0; t < p->steps; t++) {
            step(p, &x[from], w, bias, state, &y[to]);
            from += p->step_x;
            to += p->step_y;
        }
        state += p->units;
    }
}
