/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_SVDF_S8_H
#define EP_SVDF_S8_H

#include "ep_svdf.h"

/// ep_svdf_s16 with a memory and time weights of int8; the memory has a zero point of its own.
/// Bit-exact with TFLite Micro's EvalIntegerSvdfReference<int8_t>.
void ep_svdf_s8(const ep_svdf_t* p, const int8_t* x, const int8_t* w, const int32_t* bias_f,
                const int8_t* time, const int32_t* bias, int8_t* state, int8_t* y);

#endif
