/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_COLUMNS_U8_H
#define EP_COLUMNS_U8_H

#include "ep_columns.h"

/// See ep_columns_function_t, with weights around a zero point.
/// w: a zero point, which is taken off each weight, then blocks of 4 outputs as [depth][4], then
/// the 1 to 3 outputs left as [depth] each.
void ep_columns_u8(const ep_columns_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                   const int32_t* multipliers, const int8_t* codes, int8_t* y0, int8_t* y1);

#endif
