/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_SVDF_HYBRID_H
#define EP_SVDF_HYBRID_H

#include "ep_svdf_f32.h"

/// ep_svdf_f32 with int8 weights, whose inputs are quantised to int8 batch by batch (ep_hybrid.h)
/// and whose filters over time are made floats again.
/// totals: the sums of w's rows, or NULL where no zero point is free. scratch: inputs bytes.
/// Bit-exact with TFLite reference_ops::EvalHybridSVDF on a desktop: ep_lanes.h.
void ep_svdf_hybrid(const ep_svdf_f32_t* p, float scale_w, float scale_t, const float* x,
                    const int8_t* w, const int32_t* totals, const int8_t* time,
                    const float* bias, float* state, int8_t* scratch, float* y);

#endif
