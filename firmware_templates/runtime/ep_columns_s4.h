/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_COLUMNS_S4_H
#define EP_COLUMNS_S4_H

#include "ep_columns.h"

/// See ep_columns_function_t, with weights of four bits.
/// w: blocks of 4 outputs as [depth][4], then the 1 to 3 outputs left as [depth] each, two weights
/// to a byte, the first in its low half; an output alone starts a new byte.
void ep_columns_s4(const ep_columns_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                   const int32_t* multipliers, const int8_t* codes, int8_t* y0, int8_t* y1);

/// Bytes of the weights of a group.
static inline int32_t ep_columns_s4_bytes(int32_t depth, int32_t outputs)
{
    return (outputs / 4) * depth * 2 + (outputs % 4) * ((depth + 1) / 2);
}

#endif
