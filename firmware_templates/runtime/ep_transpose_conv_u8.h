/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_TRANSPOSE_CONV_U8_H
#define EP_TRANSPOSE_CONV_U8_H

#include "ep_transpose_conv_s8.h"

/// As ep_transpose_conv_s8, with weights around a zero point: phase by phase as ep_columns_u8 has
/// them.
void ep_transpose_conv_u8(const ep_transpose_conv_t* p, const int8_t* x, const int8_t* w,
                          const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                          int8_t* scratch, int8_t* y);

#endif
