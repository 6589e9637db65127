/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_FUSE_CONV_S4_H
#define EP_FUSE_CONV_S4_H

#include "ep_chain_s4.h"
#include "ep_fuse_conv_s8.h"

/// What ep_fuse_conv_s8 does, with the stream of ep_chain_s4.h.
void ep_fuse_conv_s4(const ep_fuse_conv_t* p, const int8_t* x, const uint32_t* stream,
                     uint32_t* scratch, int8_t* y);

#endif
