/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_CHANNELS_S8_H
#define EP_DENSE_CHANNELS_S8_H

#include "ep_dense_s8.h"

/// ep_dense_s8 with a scale an output: p's mantissa and code are not read.
/// codes: see ep_rescale_once.
void ep_dense_channels_s8(const ep_dense_t* p, const int8_t* x, const int8_t* w,
                          const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                          int8_t* y);

#endif
