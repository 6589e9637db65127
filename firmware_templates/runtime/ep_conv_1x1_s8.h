/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CONV_1X1_S8_H
#define EP_CONV_1X1_S8_H

#include "ep_columns_s8.h"

/// A 1x1 convolution with stride 1: x [pixels][depth], y [pixels][outputs], else ep_conv_2d_s8.
/// scratch: 2 * depth bytes. Both pixels of a pair are read before their outputs are written.
void ep_conv_1x1_s8(const ep_columns_t* p, int32_t pixels, const int8_t* x, const int8_t* w,
                    const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                    int8_t* scratch, int8_t* y);

#endif
