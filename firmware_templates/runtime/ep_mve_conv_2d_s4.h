/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_CONV_2D_S4_H
#define EP_MVE_CONV_2D_S4_H

#include "ep_mve_conv_2d_s8.h"
#include "ep_mve_pixels_s4.h"

/// What ep_mve_conv_2d_s8 does, with the weights of ep_mve_pixels_s4.
void ep_mve_conv_2d_s4(const ep_mve_conv_2d_t* p, const int8_t* x, const int32_t* w,
                       const int32_t* tables, int8_t* scratch, int8_t* y);

#endif
