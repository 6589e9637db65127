/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_CONV_1X1_S8_H
#define EP_MVE_CONV_1X1_S8_H

#include "ep_mve_pixels_s8.h"

/// A 1x1 convolution with stride 1: ep_mve_pixels_s8, cut to the activation's range.
/// scratch: 32 * steps bytes where depth is no multiple of 16, so that nothing beyond x is read;
/// else NULL. y may overlap x as edgepack computes it: two pixels at a time, their inputs in use until
/// the last of their outputs is written.
void ep_mve_conv_1x1_s8(const ep_mve_pixels_t* p, int32_t pixels, const int8_t* x,
                        const int32_t* w, const int32_t* tables, int8_t* scratch, int8_t* y);

#endif
