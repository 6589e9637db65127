/* SPDX-License-Identifier: MIT-0 */
#include "ep_transpose_conv_s8.h"

#include "ep_columns_s8.h"
#include "ep_transpose_conv_body.h"

void ep_transpose_conv_s8(const ep_transpose_conv_t* p, const int8_t* x, const int8_t* w,
                          const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                          int8_t* scratch, int8_t* y)
{
    ep_transpose_conv_body(p, ep_columns_s8, 0, x, w, bias, multipliers, codes, scratch, y);
}
