/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_ROW_F16_H
#define EP_ROW_F16_H

#include "ep_float.h"

/// ep_row_f32 with weights in half precision, finite ones: each is made a float as it is read, by
/// one multiplication that is exact, so the results are those of the same weights as floats.
void ep_row_f16(const float* x, const uint16_t* w, const float* bias, int32_t depth,
                int32_t outputs, ep_range_f32_t range, float* y);

#endif
