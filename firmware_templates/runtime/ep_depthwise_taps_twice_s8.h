/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DEPTHWISE_TAPS_TWICE_S8_H
#define EP_DEPTHWISE_TAPS_TWICE_S8_H

#include "ep_tap_windows.h"

/// As ep_depthwise_taps_s8, with a stream of ep_taps_twice.
void ep_depthwise_taps_twice_s8(const ep_depthwise_taps_t* p, const int8_t* x, const uint32_t* stream,
                                uint32_t* scratch, int8_t* y);

#endif
