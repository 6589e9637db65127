/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_QUAD_CONV_S8_H
#define EP_QUAD_CONV_S8_H

#include "ep_quad_s8.h"
#include "ep_window.h"

typedef struct {
    ep_quad_t columns; /* depth kernel_h * kernel_w * in_c */
    ep_window_t window;
    int8_t zero; /* zero point of x, read where the window leaves it */
} ep_quad_conv_t;

/// Any convolution of one group, four pixels at a time; otherwise as ep_quad_1x1_s8.
/// scratch: 4 columns as there, and one more where in_c is no multiple of 4.
/// y may overlap x as edgepack computes it for this very shape: the inputs of four pixels are read
/// before their outputs are written.
void ep_quad_conv_s8(const ep_quad_conv_t* p, const int8_t* x, const int8_t* w,
                     const int32_t* bias, const uint32_t* steps, int8_t* scratch, int8_t* y);
void ep_quad_conv_signed_s8(const ep_quad_conv_t* p, const int8_t* x, const int8_t* w,
                            const int32_t* bias, const uint32_t* steps, int8_t* scratch,
                            int8_t* y);

#endif
