/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_LSTM_S16_H
#define EP_LSTM_S16_H

#include "ep_lstm.h"

/// Those of gates are of ep_requantize_wide, in the order forget, cell, output, input; the others
/// are mantissas and shifts of ep_requantize.
typedef struct {
    int32_t factors_x[4];
    int32_t factors_h[4];
    int8_t shifts_x[4];
    int8_t shifts_h[4];
    int32_t mantissa_f; /* of the forget gate times the cell */
    int32_t mantissa_i; /* of the input gate times the cell gate */
    int32_t mantissa_y; /* of what leaves a cell */
    int8_t shift_f;
    int8_t shift_i;
    int8_t shift_y;
    uint8_t right; /* of a cell's value for its tangent, see ep_sigmoid_s16_t */
    int32_t multiplier;
    int16_t clip_c; /* of the cells' values, 0 for none */
} ep_lstm_s16_t;

/// LSTM over a sequence of int16 with int8 weights: see ep_lstm.h for the formulas and w, of which
/// there are 4 gates, and as many outputs as cells. table: see ep_unary_s16.h.
/// bias: [cells][4]. scratch: 4 * cells elements. x and y must not overlap. Sums stay below 2^47.
/// Bit-exact with TFLite Micro's EvalLstm.
void ep_lstm_s16(const ep_lstm_t* sizes, const ep_lstm_s16_t* scales, const uint16_t* table,
                 const int16_t* x, const int8_t* w, const int64_t* bias, int16_t* state,
                 int16_t* cells, int16_t* scratch, int16_t* y);

#endif
