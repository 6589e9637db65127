/* SPDX-License-Identifier: MIT-0 */
#include "ep_lstm_s16.h"

#include "ep_unary_s16.h"
#include "ep_wide.h"

enum { FORGET, CELL, OUTPUT, INPUT };

/// Adds a vector's products to the sums of one cell's gates; gives the end of w.
static const int8_t* dots(const int16_t* x, const int8_t* w, int32_t depth, int64_t* sums)
{
    for (int32_t k = 0; k < depth; k++) {
        const int32_t value = x[k];
        for (int32_t g = 0; g < 4; g++) {
            sums[g] += value * w[g];
        }
        w += 4;
    }
    return w;
}

/// All gates of one batch at one step, before their curves: [4][cells].
static void gates_of(const ep_lstm_t* sizes, const ep_lstm_s16_t* scales, const int16_t* x,
                     const int8_t* w, const int64_t* bias, const int16_t* state, int16_t* gates)
{
    for (int32_t c = 0; c < sizes->cells; c++) {
        int64_t one[4] = {bias[FORGET], bias[CELL], bias[OUTPUT], bias[INPUT]};
        int64_t two[4] = {0, 0, 0, 0};
        w = dots(x, w, sizes->inputs, one);
        w = dots(state, w, sizes->outputs, two);
        for (int32_t g = 0; g < 4; g++) {
            const int32_t first =
                ep_requantize_wide(one[g], scales->factors_x[g], scales->shifts_x[g]);
            const int32_t second =
                ep_requantize_wide(two[g], scales->factors_h[g], scales->shifts_h[g]);
            gates[g * sizes->cells + c] =
                ep_saturate_s16(ep_saturate_s16(first) + ep_saturate_s16(second));
        }
        bias += 4;
    }
}

static int32_t product(int32_t a, int32_t b, int32_t mantissa, int32_t shift)
{
    return ep_saturate_s16(ep_requantize(a * b, mantissa, shift));
}

/// The cells' new values, from the gates behind their curves.
static void update(const ep_lstm_s16_t* scales, int32_t count, const int16_t* gates, int16_t* cells)
{
    const int16_t* const fresh = &gates[CELL * count];
    const int16_t* const take = &gates[INPUT * count];
    for (int32_t c = 0; c < count; c++) {
        const int32_t kept = product(gates[c], cells[c], scales->mantissa_f, scales->shift_f);
        const int32_t added = product(take[c], fresh[c], scales->mantissa_i, scales->shift_i);
        const int32_t sum = ep_saturate_s16(kept + added);
        const int32_t clip = scales->clip_c;
        cells[c] = (int16_t)((clip > 0) ? ep_clamp(sum, -clip, clip) : sum);
    }
}

/// One step of one batch.
static void step(const ep_lstm_t* sizes, const ep_lstm_s16_t* scales, const uint16_t* table,
                 const int16_t* x, const int8_t* w, const int64_t* bias, int16_t* state,
                 int16_t* cells, int16_t* gates, int16_t* y)
{
    const int32_t count = sizes->cells;
    const ep_sigmoid_s16_t plain = {(uint32_t)count, 3, 0};
    const ep_sigmoid_s16_t of_cells = {(uint32_t)count, scales->multiplier, scales->right};
    int16_t* const output = &gates[OUTPUT * count];
    gates_of(sizes, scales, x, w, bias, state, gates);
    ep_logistic_s16(&plain, table, gates, gates);
    ep_tanh_s16(&plain, table, &gates[CELL * count], &gates[CELL * count]);
    ep_logistic_s16(&plain, table, output, output);
    ep_logistic_s16(&plain, table, &gates[INPUT * count], &gates[INPUT * count]);
    update(scales, count, gates, cells);
    ep_tanh_s16(&of_cells, table, cells, gates);
    for (int32_t c = 0; c < count; c++) {
        state[c] = (int16_t)product(gates[c], output[c], scales->mantissa_y, scales->shift_y);
        y[c] = state[c];
    }
}

void ep_lstm_s16(const ep_lstm_t* sizes, const ep_lstm_s16_t* scales, const uint16_t* table,
                 const int16_t* x, const int8_t* w, const int64_t* bias, int16_t* state,
                 int16_t* cells, int16_t* scratch, int16_t* y)
{
    for (int32_t b = 0; b < sizes->batches; b++) {
        int32_t from = sizes->start_x + b * sizes->batch_x;
        int32_t to = sizes->start_y + b * sizes->batch_y;
        for (int32_t t = 0; t < sizes->steps; t++) {
            step(sizes, scales, table, &x[from], w, bias, state, cells, scratch, &y[to]);
            from += sizes->step_x;
            to += sizes->step_y;
        }
        state += sizes->cells;
        cells += sizes->cells;
    }
}
