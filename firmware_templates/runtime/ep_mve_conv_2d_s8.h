/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_CONV_2D_S8_H
#define EP_MVE_CONV_2D_S8_H

#include "ep_mve_pixels_s8.h"
#include "ep_window.h"

typedef struct {
    ep_mve_pixels_t pixels; /* of the scratch: depth 16 * steps */
    ep_window_t window;
    int16_t together; /* windows in scratch, an even number */
    int8_t zero;      /* zero point of x, read where the window leaves it */
} ep_mve_conv_2d_t;

/// A convolution of one group: some windows at a time go to scratch, then through ep_mve_pixels_s8.
/// scratch: 16 * steps * together bytes. y may overlap x as edgepack computes it for this very
/// shape: the windows in scratch are read before their outputs are written.
void ep_mve_conv_2d_s8(const ep_mve_conv_2d_t* p, const int8_t* x, const int32_t* w,
                       const int32_t* tables, int8_t* scratch, int8_t* y);

#endif
