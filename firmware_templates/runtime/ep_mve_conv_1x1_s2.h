/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_CONV_1X1_S2_H
#define EP_MVE_CONV_1X1_S2_H

#include "ep_mve_pixels_s2.h"

/// What ep_mve_conv_1x1_s8 does, with the weights of ep_mve_pixels_s2.
void ep_mve_conv_1x1_s2(const ep_mve_pixels_t* p, int32_t pixels, const int8_t* x,
                        const int32_t* w, const int32_t* tables, int8_t* scratch, int8_t* y);

#endif
