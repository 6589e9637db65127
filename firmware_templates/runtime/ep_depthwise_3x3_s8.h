/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DEPTHWISE_3X3_S8_H
#define EP_DEPTHWISE_3X3_S8_H

#include "ep_depthwise_s8.h"

/// ep_depthwise_s8 for 3x3 windows and one output a channel, two neighbouring pixels at a time.
/// w: [in_c][9]; bias: the zero point of x folded in. line: in_c bytes of scratch, which stand for
/// whatever lies outside x; NULL where no window leaves x.
/// y may overlap x as edgepack computes it: both pixels go on together, channel by channel.
void ep_depthwise_3x3_s8(const ep_depthwise_t* p, const int8_t* x, const int8_t* w,
                         const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                         int8_t* line, int8_t* y);

#endif
