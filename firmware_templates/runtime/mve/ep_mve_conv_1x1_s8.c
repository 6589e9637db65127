/* SPDX-License-Identifier: MIT-0 */
#include "ep_mve_conv_1x1_s8.h"

#include "ep_mve_conv_1x1_body.h"

void ep_mve_conv_1x1_s8(const ep_mve_pixels_t* p, int32_t pixels, const int8_t* x,
                        const int32_t* w, const int32_t* tables, int8_t* scratch, int8_t* y)
{
    ep_mve_conv_1x1(p, ep_mve_pixels_s8, pixels, x, w, tables, scratch, y);
}
