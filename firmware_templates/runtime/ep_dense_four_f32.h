/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_FOUR_F32_H
#define EP_DENSE_FOUR_F32_H

#include "ep_dense_f32.h"

/// What ep_dense_f32 does, four outputs at a time by ep_four_f32.
void ep_dense_four_f32(const ep_dense_f32_t* p, const float* x, const float* w, const float* bias,
                       float* y);

#endif
