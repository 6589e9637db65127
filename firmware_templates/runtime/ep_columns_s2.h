/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_COLUMNS_S2_H
#define EP_COLUMNS_S2_H

#include "ep_columns.h"

/// See ep_columns_function_t, with weights of two bits.
/// w: blocks of 4 outputs as [depth][4], then the 1 to 3 outputs left as [depth] each, four weights to
/// a byte, the first in its lowest bits; an output alone starts a new byte.
void ep_columns_s2(const ep_columns_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                   const int32_t* multipliers, const int8_t* codes, int8_t* y0, int8_t* y1);

/// Bytes of the weights of a group.
static inline int32_t ep_columns_s2_bytes(int32_t depth, int32_t outputs)
{
    return (outputs / 4) * depth + (outputs % 4) * ((depth + 3) / 4);
}

#endif
