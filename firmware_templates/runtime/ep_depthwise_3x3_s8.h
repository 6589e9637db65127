/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DEPTHWISE_3X3_S8_H
#define EP_DEPTHWISE_3X3_S8_H

#include "ep_depthwise_s8.h"

/// ep_depthwise_s8 for 3x3 windows of neighbours and one output a channel, channel by channel.
/// w: [in_c][9]; bias: the zero point of x folded in.
/// scratch: three lines of a channel, each as long as the windows see: (out_w - 1) * stride_w + 3.
/// y may be x where edgepack computed that each line's outputs end before the first unread row.
void ep_depthwise_3x3_s8(const ep_depthwise_t* p, const int8_t* x, const int8_t* w,
                         const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                         int8_t* scratch, int8_t* y);

#endif
