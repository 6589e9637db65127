/* SPDX-License-Identifier: MIT-0 */
#include "ep_mve_conv_2d_s8.h"

#include "ep_mve_conv_2d_body.h"

void ep_mve_conv_2d_s8(const ep_mve_conv_2d_t* p, const int8_t* x, const int32_t* w,
                       const int32_t* tables, int8_t* scratch, int8_t* y)
{
    ep_mve_conv_2d(p, ep_mve_pixels_s8, x, w, tables, scratch, y);
}
