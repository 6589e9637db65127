/* SPDX-License-Identifier: MIT-0 */
#include "ep_lstm_hybrid.h"

#include <stddef.h>

#include "ep_float.h"
#include "ep_hybrid.h"
#include "ep_math.h"

enum { FORGET, CELL, OUTPUT, INPUT };

/// A vector as int8.
typedef struct {
    const int8_t* stored;
    int32_t count;
    ep_hybrid_t way;
} vector_t;

static float clip(float value, float limit)
{
    return (limit > 0.0f) ? ep_clamp_f32(value, -limit, limit) : value;
}

static vector_t quantised(const ep_lstm_hybrid_t* scales, const float* x, int32_t count,
                          int8_t* stored)
{
    vector_t vector;
    vector.stored = stored;
    vector.count = count;
    vector.way = (scales->asymmetric != 0) ? ep_hybrid_asymmetric(x, count, stored)
                                           : ep_hybrid_symmetric(x, count, stored);
    return vector;
}

/// Adds a vector's products to the values of one cell's gates; gives the end of w.
static const int8_t* dots(const vector_t* x, const int8_t* w, const int32_t* totals,
                          const float* scales, int32_t gates, float* values)
{
    int32_t sums[4] = {0, 0, 0, 0};
    for (int32_t k = 0; k < x->count; k++) {
        const int32_t value = x->stored[k];
        for (int32_t g = 0; g < gates; g++) {
            sums[g] += value * w[g];
        }
        w += gates;
    }
    for (int32_t g = 0; g < gates; g++) {
        const int32_t sum = sums[g] - ((totals != NULL) ? (x->way.zero * totals[g]) : 0);
        values[g] += (float)sum * (scales[g] * x->way.scale);
    }
    return w;
}

/// A gate's opening, with its peephole.
static float opening(int32_t gate, float value, const float* peephole, float cell)
{
    return ep_logistic((peephole != NULL) ? (value + peephole[gate] * cell) : value);
}

/// One cell from its gates' values; what leaves it.
static float cell_of(const ep_lstm_hybrid_t* scales, int32_t count, const float* gates,
                     const float* peephole, float* cell)
{
    const float forget = opening(FORGET, gates[FORGET], peephole, *cell);
    const float take =
        (count == 4) ? opening(INPUT, gates[INPUT], peephole, *cell) : (1.0f - forget);
    const float kept = forget * *cell;
    *cell = clip(kept + ep_tanh(gates[CELL]) * take, scales->clip_c);
    return opening(OUTPUT, gates[OUTPUT], peephole, *cell) * ep_tanh(*cell);
}

/// All cells of one batch at one step; what leaves them. Gives the end of totals.
static const int32_t* cells_of(const ep_lstm_t* sizes, const ep_lstm_hybrid_t* scales,
                               const vector_t* x, const vector_t* h, const int8_t* w,
                               const int32_t* totals, const float* bias, const float* peephole,
                               float* cells, float* left)
{
    const int32_t count = sizes->gates;
    for (int32_t c = 0; c < sizes->cells; c++) {
        float gates[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        for (int32_t g = 0; g < count; g++) {
            gates[g] = *bias++;
        }
        w = dots(x, w, totals, scales->scales_x, count, gates);
        totals = (totals != NULL) ? (totals + count) : NULL;
        w = dots(h, w, totals, scales->scales_h, count, gates);
        totals = (totals != NULL) ? (totals + count) : NULL;
        left[c] = cell_of(scales, count, gates, peephole, &cells[c]);
        peephole = (peephole != NULL) ? (peephole + 4) : NULL;
    }
    return totals;
}

/// The projection of what left the cells.
static void project(const ep_lstm_t* sizes, const ep_lstm_hybrid_t* scales, const vector_t* left,
                    const int8_t* p, const int32_t* totals, const float* bias, float* state)
{
    for (int32_t o = 0; o < sizes->outputs; o++) {
        int32_t sum = (totals != NULL) ? (-left->way.zero * totals[o]) : 0;
        for (int32_t c = 0; c < left->count; c++) {
            sum += left->stored[c] * p[c];
        }
        p += sizes->cells;
        const float value = (float)sum * (scales->scale_p * left->way.scale);
        state[o] = clip(bias[o] + value, scales->clip_p);
    }
}

void ep_lstm_hybrid(const ep_lstm_t* sizes, const ep_lstm_hybrid_t* scales, const float* x,
                    const int8_t* w, const int32_t* totals, const float* bias,
                    const float* peephole, const int8_t* p, const float* bias_p, float* state,
                    float* cells, float* scratch, float* y)
{
    int8_t* const bytes = (int8_t*)(scratch + sizes->cells);
    int8_t* const before = bytes + sizes->inputs;
    for (int32_t b = 0; b < sizes->batches; b++) {
        const float* from = &x[sizes->start_x + b * sizes->batch_x];
        float* to = &y[sizes->start_y + b * sizes->batch_y];
        for (int32_t t = 0; t < sizes->steps; t++) {
            const vector_t input = quantised(scales, from, sizes->inputs, bytes);
            const vector_t h = quantised(scales, state, sizes->outputs, before);
            const int32_t* const end = cells_of(sizes, scales, &input, &h, w, totals, bias,
                                                peephole, cells, scratch);
            if (p != NULL) {
                const vector_t left =
                    quantised(scales, scratch, sizes->cells, before + sizes->outputs);
                project(sizes, scales, &left, p, end, bias_p, state);
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
