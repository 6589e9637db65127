/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_QUAD_1X1_S8_H
#define EP_QUAD_1X1_S8_H

#include "ep_quad_s8.h"

/// A 1x1 convolution with stride 1, four pixels at a time: x [pixels][depth],
/// y [pixels][outputs]; w, bias and steps as in ep_quad_s8.h, with zeros beside outputs that do not
/// fill a block of 4; bias: the zero point of x folded in.
/// scratch: 4 columns of depth bytes, rounded up to words, aligned to 4. Four pixels, and the 1 to 3
/// last ones, are read before their outputs are written.
/// Bit-exact with TFLite reference_integer_ops::ConvPerChannel.
void ep_quad_1x1_s8(const ep_quad_t* p, int32_t pixels, const int8_t* x, const int8_t* w,
                    const int32_t* bias, const uint32_t* steps, int8_t* scratch, int8_t* y);
void ep_quad_1x1_signed_s8(const ep_quad_t* p, int32_t pixels, const int8_t* x, const int8_t* w,
                           const int32_t* bias, const uint32_t* steps, int8_t* scratch,
                           int8_t* y);

#endif
