/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_LSTM_S8_H
#define EP_LSTM_S8_H

#include "ep_lstm.h"

/// Scales are mantissas and shifts of ep_requantize; those of gates in the order forget, cell,
/// output, input.
typedef struct {
    int32_t mantissas_x[4];
    int32_t mantissas_h[4];
    int32_t mantissas_c[4]; /* of peepholes; the second is not read */
    int8_t shifts_x[4];
    int8_t shifts_h[4];
    int8_t shifts_c[4];
    int32_t mantissa_y; /* of what leaves a cell */
    int32_t mantissa_p; /* of the projection */
    int8_t shift_y;
    int8_t shift_p;
    int8_t bits;    /* integer bits of the cells' values */
    int16_t clip_c; /* of the cells' values, 0 for none */
    int8_t clip_p;  /* of the projection, 0 for none */
    int16_t zero_y; /* added to what leaves a cell */
    int8_t zero_p;  /* zero point of the projection */
} ep_lstm_s8_t;

/// LSTM over a sequence of int8, its cells int16: see ep_lstm.h for the formulas and w.
/// bias: [cells][2][gates], of x and of the outputs before, zero points folded in.
/// peephole: [cells][4] or NULL; p: [outputs][cells] or NULL, where outputs is cells; bias_p:
/// [outputs]. scratch: cells bytes. x and y must not overlap. edgepack proves that sums fit int32_t.
/// Bit-exact with LiteRT's EvalInteger8x8_16 without layer normalisation.
void ep_lstm_s8(const ep_lstm_t* sizes, const ep_lstm_s8_t* scales, const int8_t* x,
                const int8_t* w, const int32_t* bias, const int16_t* peephole, const int8_t* p,
                const int32_t* bias_p, int8_t* state, int16_t* cells, int8_t* scratch, int8_t* y);

#endif
