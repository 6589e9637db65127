/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CHAIN_BAND_S4_H
#define EP_CHAIN_BAND_S4_H

#include "ep_band.h"
#include "ep_chain_s4.h"

/// What ep_chain_band_s8 does, with the stream of ep_chain_s4.h.
void ep_chain_band_s4(const ep_band_conv_t* p, const int8_t* x, const uint32_t* stream,
                      uint32_t* scratch, int8_t* y);

#endif
