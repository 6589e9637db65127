/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_RNN_F32_H
#define EP_RNN_F32_H

#include "ep_rnn.h"

/// A recurrent layer on floats: see ep_rnn.h. bias: [units]; state: [batches][units], the outputs
/// of the step before, at first those of the inference before. x and y must not overlap.
/// Sums are taken in order, the tangent is that of ep_math.h.
void ep_rnn_f32(const ep_rnn_t* p, const float* x, const float* w, const float* bias, float* state,
                float* y);

#endif
