/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_SWAR_CONV_S8_H
#define EP_SWAR_CONV_S8_H

#include "ep_swar_s8.h"
#include "ep_window.h"

typedef struct {
    ep_swar_t rows;
    ep_window_t window;
    int32_t line; /* bytes of x in scratch, from where its zeros start */
    int8_t zero;  /* zero point of x, read where the window leaves it */
} ep_swar_conv_t;

/// A convolution of one group, four pixels at a time, the 1 to 3 last ones one at a time.
/// w and rows as in ep_swar_s8.h, the zero point of x folded in; scratch: `line` bytes of words as
/// there, and in_c more. y may overlap x as edgepack computes it for this very shape: the inputs of
/// four pixels (of one) are read before their outputs are written.
/// Bit-exact with TFLite reference_integer_ops::ConvPerChannel.
void ep_swar_conv_s8(const ep_swar_conv_t* p, const int8_t* x, const int8_t* w,
                     const uint32_t* rows, int8_t* scratch, int8_t* y);
void ep_swar_conv_signed_s8(const ep_swar_conv_t* p, const int8_t* x, const int8_t* w,
                            const uint32_t* rows, int8_t* scratch, int8_t* y);

#endif
