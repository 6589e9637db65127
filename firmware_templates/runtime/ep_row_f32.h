/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_ROW_F32_H
#define EP_ROW_F32_H

#include "ep_float.h"

/// One row of outputs: y[o] = clamp(sum_k x[k] * w[o][k] + bias[o]), w as ep_dense_f32 has it.
void ep_row_f32(const float* x, const float* w, const float* bias, int32_t depth, int32_t outputs,
                ep_range_f32_t range, float* y);

#endif
