/* SPDX-License-Identifier: MIT-0 */
#include "ep_lstm_f32.h"

#include <stddef.h>

#include "ep_float.h"
#include "ep_math.h"

enum { FORGET, CELL, OUTPUT, INPUT };

static float clip(float value, float limit)
{
    return (limit > 0.0f) ? ep_clamp_f32(value, -limit, limit) : value;
}

/// Adds a vector's products to the sums of one cell's gates; gives the end of w.
static const float* dots(const float* x, const float* w, int32_t depth, int32_t gates,
                         float* values)
{
    float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int32_t k = 0; k < depth; k++) {
        const float value = x[k];
        sums[FORGET] += value * w[FORGET];
        sums[CELL] += value * w[CELL];
        sums[OUTPUT] += value * w[OUTPUT];
        if (gates == 4) {
            sums[INPUT] += value * w[INPUT];
        }
        w += gates;
    }
    for (int32_t g = 0; g < gates; g++) {
        values[g] += sums[g];
    }
    return w;
}

/// A gate's opening, with its peephole.
static float opening(int32_t gate, float value, const float* peephole, float cell)
{
    return ep_logistic((peephole != NULL) ? (value + peephole[gate] * cell) : value);
}

/// All cells of one batch at one step; what leaves them.
static void cells_of(const ep_lstm_t* sizes, float clip_c, const float* x, const float* w,
                     const float* bias, const float* peephole, const float* state, float* cells,
                     float* left)
{
    const int32_t count = sizes->gates;
    for (int32_t c = 0; c < sizes->cells; c++) {
        float gates[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        for (int32_t g = 0; g < count; g++) {
            gates[g] = *bias++;
        }
        w = dots(x, w, sizes->inputs, count, gates);
        w = dots(state, w, sizes->outputs, count, gates);
        const float forget = opening(FORGET, gates[FORGET], peephole, cells[c]);
        const float take =
            (count == 4) ? opening(INPUT, gates[INPUT], peephole, cells[c]) : (1.0f - forget);
        const float kept = forget * cells[c];
        cells[c] = clip(kept + ep_tanh(gates[CELL]) * take, clip_c);
        left[c] = opening(OUTPUT, gates[OUTPUT], peephole, cells[c]) * ep_tanh(cells[c]);
        peephole = (peephole != NULL) ? (peephole + 4) : NULL;
    }
}

/// The projection of what left the cells.
static void project(const ep_lstm_t* sizes, float clip_p, const float* left, const float* p,
                    const float* bias, float* state)
{
    for (int32_t o = 0; o < sizes->outputs; o++) {
        float sum = 0.0f;
        for (int32_t c = 0; c < sizes->cells; c++) {
            sum += left[c] * p[c];
        }
        p += sizes->cells;
        state[o] = clip(sum + bias[o], clip_p);
    }
}

void ep_lstm_f32(const ep_lstm_t* sizes, float clip_c, float clip_p, const float* x,
                 const float* w, const float* bias, const float* peephole, const float* p,
                 const float* bias_p, float* state, float* cells, float* scratch, float* y)
{
    for (int32_t b = 0; b < sizes->batches; b++) {
        const float* from = &x[sizes->start_x + b * sizes->batch_x];
        float* to = &y[sizes->start_y + b * sizes->batch_y];
        for (int32_t t = 0; t < sizes->steps; t++) {
            cells_of(sizes, clip_c, from, w, bias, peephole, state, cells, scratch);
            if (p != NULL) {
                project(sizes, clip_p, scratch, p, bias_p, state);
            }
            for (int32_t o = 0; o < sizes->outputs; o++) {
                if (p == NULL) {
                    state[o] = scratch[o];
                }
                to[o] = state[o];
            }
            if (t + 1 < sizes->steps) {
                from += sizes->step_x;
                to += sizes->step_y;
            }
        }
        state += sizes->outputs;
        cells += sizes->cells;
    }
}
