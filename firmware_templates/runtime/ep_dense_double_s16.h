/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_DOUBLE_S16_H
#define EP_DENSE_DOUBLE_S16_H

#include "ep_dense_s16.h"

/// ep_dense_s16 with ep_double_scale of each sum, for scales and sums that no fixed-point scale
/// serves: highs, lows and shifts are its. p's split is not read. Sums stay below 2^53.
void ep_dense_double_s16(const ep_dense_s16_t* p, const int16_t* x, const int8_t* w,
                         const int64_t* bias, const uint32_t* highs, const uint32_t* lows,
                         const int8_t* shifts, int16_t* y);

#endif
