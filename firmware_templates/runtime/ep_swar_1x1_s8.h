/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_SWAR_1X1_S8_H
#define EP_SWAR_1X1_S8_H

#include "ep_swar_s8.h"

/// A 1x1 convolution with stride 1: x [pixels][depth], y [pixels][outputs], else ep_swar_conv_s8.
/// scratch: as ep_swar_s8.h has x.
void ep_swar_1x1_s8(const ep_swar_t* p, int32_t pixels, int32_t depth, const int8_t* x,
                    const int8_t* w, const uint32_t* rows, int8_t* scratch, int8_t* y);
void ep_swar_1x1_signed_s8(const ep_swar_t* p, int32_t pixels, int32_t depth, const int8_t* x,
                           const int8_t* w, const uint32_t* rows, int8_t* scratch, int8_t* y);

#endif
