/* SPDX-License-Identifier: MIT-0 */
#include "ep_depthwise_taps_s8.h"

void ep_depthwise_taps_s8(const ep_depthwise_taps_t* p, const int8_t* x, const uint32_t* stream,
                          uint32_t* scratch, int8_t* y)
{
    ep_tap_windows(p, ep_taps, x, stream, scratch, y);
}
