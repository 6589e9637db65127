/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_PIXELS_S4_H
#define EP_MVE_PIXELS_S4_H

#include "ep_mve_pixels_s8.h"

/// What ep_mve_pixels_s8 does, with weights of four bits.
/// w: of each two outputs a and b of a block 16 * b + a, which edgepack proves to fit a byte: [steps][2][16].
/// Sums without their bias are below 2^25.
void ep_mve_pixels_s4(const ep_mve_pixels_t* p, int32_t pixels, const int8_t* x, const int32_t* w,
                      const int32_t* tables, int8_t* y);

#endif
