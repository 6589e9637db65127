/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_TRIPLE_1X1_S8_H
#define EP_TRIPLE_1X1_S8_H

#include "ep_triple.h"

/// As ep_chain_1x1_s8, two pixels at a time, four outputs by three numbers. stream: as ep_triple.h has
/// it. scratch, aligned to 4: 16 * rows.groups bytes, and 4 * rows.groups more where depth is no
/// multiple of 4.
void ep_triple_1x1_s8(const ep_chain_pixels_t* p, int32_t pixels, const int8_t* x,
                      const uint32_t* stream, uint32_t* scratch, int8_t* y);

#endif
