/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_STEPS_S8_H
#define EP_DENSE_STEPS_S8_H

#include "ep_dense_s8.h"

#define EP_DENSE_STEPS 255

/// ep_dense_s8 by a table: y is -128 + how many of the 255 rising steps the sum reaches, clamped.
/// For scales whose ties 31 bits do not tell. p's mantissa and code are not read.
/// steps: [255] of all outputs, stride 0, or of each output, stride 255.
void ep_dense_steps_s8(const ep_dense_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                       const int32_t* steps, int32_t stride, int8_t* y);

#endif
