/* SPDX-License-Identifier: MIT-0 */
/* Long short-term memory over a sequence: sizes, and what the types share.
 *
 * gate_g = w_g x + r_g h + peephole_g c + b_g, h the outputs before, c the cell's value
 * c = logistic(forget) c + logistic(input) tanh(cell); without an input gate 1 - logistic(forget)
 * h = logistic(output) tanh(c), through the projection where there is one
 *
 * The output gate's peephole sees the new c. All gates of a cell lie together:
 * w: [cells]{[inputs][gates], [outputs][gates]}, gates in the order forget, cell, output, input. */
#ifndef EP_LSTM_H
#define EP_LSTM_H

#include <stdint.h>

typedef struct {
    int32_t batches;
    int32_t steps;
    int32_t inputs;
    int32_t cells;
    int32_t outputs; /* cells, unless they are projected */
    int32_t gates;   /* 4, or 3 where the forget gate's complement is the input gate */
    /* Elements from batch to batch and from step to step; these are negative backwards in time. */
    int32_t batch_x;
    int32_t batch_y;
    int32_t step_x;
    int32_t step_y;
    int32_t start_x; /* the first step's place */
    int32_t start_y;
} ep_lstm_t;

#endif
