/* SPDX-License-Identifier: MIT-0 */
#include "ep_lstm_s8.h"

#include <stddef.h>

#include "ep_curves_s16.h"
#include "ep_fixed.h"

enum { FORGET, CELL, OUTPUT, INPUT };

static int32_t saturate(int32_t value)
{
    return ep_clamp(value, INT16_MIN, INT16_MAX);
}

/// Adds to the sums of one cell's gates; gives the end of w.
static const int8_t* dots(const int8_t* x, const int8_t* w, int32_t depth, int32_t gates,
                          int32_t* sums)
{
    int32_t forget = sums[FORGET];
    int32_t cell = sums[CELL];
    int32_t output = sums[OUTPUT];
    int32_t input = sums[INPUT];
    if (gates == 4) {
        for (int32_t k = 0; k < depth; k++) {
            const int32_t value = x[k];
            forget += value * w[FORGET];
            cell += value * w[CELL];
            output += value * w[OUTPUT];
            input += value * w[INPUT];
            w += 4;
        }
    } else {
        for (int32_t k = 0; k < depth; k++) {
            const int32_t value = x[k];
            forget += value * w[FORGET];
            cell += value * w[CELL];
            output += value * w[OUTPUT];
            w += 3;
        }
    }
    sums[FORGET] = forget;
    sums[CELL] = cell;
    sums[OUTPUT] = output;
    sums[INPUT] = input;
    return w;
}

/// A gate with its peephole, before its activation.
static int16_t peep(const ep_lstm_s8_t* scales, int32_t gate, int32_t value,
                    const int16_t* peephole, int32_t cell)
{
    if (peephole != NULL) {
        const int32_t product = peephole[gate] * cell;
        value += ep_requantize(product, scales->mantissas_c[gate], scales->shifts_c[gate]);
    }
    return (int16_t)saturate(value);
}

/// The new value of a cell, from its gates' sums in int16.
static int16_t update(const ep_lstm_s8_t* scales, const int32_t* gates, int32_t count,
                      const int16_t* peephole, int32_t cell)
{
    const int32_t forget = ep_curve_logistic(peep(scales, FORGET, gates[FORGET], peephole, cell));
    const int32_t fresh = ep_curve_tanh((int16_t)gates[CELL], 3);
    const int32_t take =
        (count == 4) ? ep_curve_logistic(peep(scales, INPUT, gates[INPUT], peephole, cell))
                     : (INT16_MAX - forget);
    const int32_t kept = (int16_t)ep_rounding_shift(forget * cell, 15);
    const int32_t added =
        (int16_t)ep_rounding_shift(take * fresh, (uint32_t)(15 + scales->bits));
    const int32_t sum = saturate(kept + added);
    return (int16_t)((scales->clip_c > 0) ? ep_clamp(sum, -scales->clip_c, scales->clip_c) : sum);
}

/// All cells of one batch at one step; what leaves them.
static void cells_of(const ep_lstm_t* sizes, const ep_lstm_s8_t* scales, const int8_t* x,
                     const int8_t* w, const int32_t* bias, const int16_t* peephole,
                     const int8_t* state, int16_t* cells, int8_t* left)
{
    const int32_t count = sizes->gates;
    for (int32_t c = 0; c < sizes->cells; c++) {
        int32_t gates[4] = {0, 0, 0, 0};
        int32_t sums[4] = {0, 0, 0, 0};
        for (int32_t g = 0; g < count; g++) {
            gates[g] = *bias++;
        }
        for (int32_t g = 0; g < count; g++) {
            sums[g] = *bias++;
        }
        w = dots(x, w, sizes->inputs, count, gates);
        w = dots(state, w, sizes->outputs, count, sums);
        for (int32_t g = 0; g < count; g++) {
            gates[g] =
                saturate(ep_requantize(gates[g], scales->mantissas_x[g], scales->shifts_x[g]));
            gates[g] = saturate(
                gates[g] + ep_requantize(sums[g], scales->mantissas_h[g], scales->shifts_h[g]));
        }
        cells[c] = update(scales, gates, count, peephole, cells[c]);
        const int16_t open = peep(scales, OUTPUT, gates[OUTPUT], peephole, cells[c]);
        const int32_t product = ep_curve_logistic(open) * ep_curve_tanh(cells[c], scales->bits);
        const int32_t value = ep_requantize(product, scales->mantissa_y, scales->shift_y);
        left[c] = (int8_t)ep_clamp(value + scales->zero_y, INT8_MIN, INT8_MAX);
        peephole = (peephole != NULL) ? (peephole + 4) : NULL;
    }
}

/// The projection of what left the cells.
static void project(const ep_lstm_t* sizes, const ep_lstm_s8_t* scales, const int8_t* left,
                    const int8_t* p, const int32_t* bias, int8_t* state)
{
    for (int32_t o = 0; o < sizes->outputs; o++) {
        int32_t sum = bias[o];
        for (int32_t c = 0; c < sizes->cells; c++) {
            sum += left[c] * p[c];
        }
        p += sizes->cells;
        int32_t value = ep_requantize(sum, scales->mantissa_p, scales->shift_p) + scales->zero_p;
        value = ep_clamp(value, INT8_MIN, INT8_MAX);
        if (scales->clip_p > 0) {
            value = ep_clamp(value, -scales->clip_p, scales->clip_p);
        }
        state[o] = (int8_t)value;
    }
}

void ep_lstm_s8(const ep_lstm_t* sizes, const ep_lstm_s8_t* scales, const int8_t* x,
                const int8_t* w, const int32_t* bias, const int16_t* peephole, const int8_t* p,
                const int32_t* bias_p, int8_t* state, int16_t* cells, int8_t* scratch, int8_t* y)
{
    for (int32_t b = 0; b < sizes->batches; b++) {
        const int8_t* from = &x[sizes->start_x + b * sizes->batch_x];
        int8_t* to = &y[sizes->start_y + b * sizes->batch_y];
        for (int32_t t = 0; t < sizes->steps; t++) {
            cells_of(sizes, scales, from, w, bias, peephole, state, cells, scratch);
            if (p != NULL) {
                project(sizes, scales, scratch, p, bias_p, state);
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
