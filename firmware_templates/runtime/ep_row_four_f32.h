/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_ROW_FOUR_F32_H
#define EP_ROW_FOUR_F32_H

#include "ep_float.h"

/// What ep_row_f32 does, four outputs at a time by ep_four_f32.
void ep_row_four_f32(const float* x, const float* w, const float* bias, int32_t depth,
                     int32_t outputs, ep_range_f32_t range, float* y);

#endif
