/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_DOUBLE_U8_H
#define EP_DENSE_DOUBLE_U8_H

#include "ep_dense_narrow.h"

/// ep_dense_u8 with ep_double_scale of each sum: highs, lows and shifts are its.
void ep_dense_double_u8(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w,
                        const int32_t* bias, const uint32_t* highs, const uint32_t* lows,
                        const int8_t* shifts, int8_t* y);

#endif
