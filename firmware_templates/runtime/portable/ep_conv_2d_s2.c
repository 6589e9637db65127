/* SPDX-License-Identifier: MIT-0 */
#include "ep_conv_2d_s2.h"

#include "ep_columns_s2.h"

void ep_conv_2d_s2(const ep_conv_2d_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                   const int32_t* multipliers, const int8_t* codes, int8_t* scratch, int8_t* y)
{
    const int32_t weight_bytes = ep_columns_s2_bytes(p->columns.depth, p->columns.outputs);
    ep_conv_pairs(p, ep_columns_s2, weight_bytes, x, w, bias, multipliers, codes, scratch, y);
}
