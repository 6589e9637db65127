/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_RNN_HYBRID_H
#define EP_RNN_HYBRID_H

#include "ep_rnn.h"

/// ep_rnn_f32 with int8 weights of these scales: each step's input and the outputs before it are
/// quantised to int8 (ep_hybrid.h). totals: the sums of w's rows, [units][2], or NULL where no
/// zero point is free. scratch: inputs + units bytes.
void ep_rnn_hybrid(const ep_rnn_t* p, float scale_x, float scale_h, const float* x,
                   const int8_t* w, const int32_t* totals, const float* bias, float* state,
                   int8_t* scratch, float* y);

#endif
