/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_LSTM_F32_H
#define EP_LSTM_F32_H

#include "ep_lstm.h"

/// LSTM over a sequence of floats: see ep_lstm.h for the formulas and w.
/// bias: [cells][gates]; peephole: [cells][4] or NULL; p: [outputs][cells] or NULL, where outputs
/// is cells; bias_p: [outputs]. clip_c and clip_p bound the cells and the projection where they are
/// above 0. scratch: cells floats. x and y must not overlap.
/// Sums are taken in order, the curves are those of ep_math.h.
void ep_lstm_f32(const ep_lstm_t* sizes, float clip_c, float clip_p, const float* x,
                 const float* w, const float* bias, const float* peephole, const float* p,
                 const float* bias_p, float* state, float* cells, float* scratch, float* y);

#endif
