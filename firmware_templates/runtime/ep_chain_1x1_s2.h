/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CHAIN_1X1_S2_H
#define EP_CHAIN_1X1_S2_H

#include "ep_chain_s2.h"

/// What ep_chain_1x1_s8 does, with the stream of ep_chain_s2.h.
void ep_chain_1x1_s2(const ep_chain_pixels_t* p, int32_t pixels, const int8_t* x,
                     const uint32_t* stream, uint32_t* scratch, int8_t* y);

#endif
