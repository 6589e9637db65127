/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_LSTM_HYBRID_H
#define EP_LSTM_HYBRID_H

#include "ep_lstm.h"

/// Scales of int8 weights, gates in the order forget, cell, output, input.
typedef struct {
    float scales_x[4];
    float scales_h[4];
    float scale_p; /* of the projection */
    float clip_c;  /* of the cells, 0 for none */
    float clip_p;  /* of the projection, 0 for none */
    int8_t asymmetric;
} ep_lstm_hybrid_t;

/// ep_lstm_f32 with int8 weights: each step's input, the outputs before it and what is projected
/// are quantised to int8 (ep_hybrid.h). totals: the sums of w's rows, [cells][2][gates], and then of
/// the projection's rows, or NULL where no zero point is free; peephole: floats.
/// scratch: cells floats, then inputs + outputs + cells bytes.
void ep_lstm_hybrid(const ep_lstm_t* sizes, const ep_lstm_hybrid_t* scales, const float* x,
                    const int8_t* w, const int32_t* totals, const float* bias,
                    const float* peephole, const int8_t* p, const float* bias_p, float* state,
                    float* cells, float* scratch, float* y);

#endif
