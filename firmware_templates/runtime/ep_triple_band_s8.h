/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_TRIPLE_BAND_S8_H
#define EP_TRIPLE_BAND_S8_H

#include "ep_band.h"
#include "ep_triple.h"

/// As ep_chain_band_s8, two pixels at a time, four outputs by three numbers. stream: as ep_triple.h has
/// it, its values those of ep_chain_band_s8 where rest is 0, or it is 1 of 3 lines with groups; else as
/// they are in the window. scratch, aligned to 4: 16 * rows.groups bytes, whole.pitch * lines, then in
/// the other case 8 * rows.groups.
void ep_triple_band_s8(const ep_band_conv_t* p, const int8_t* x, const uint32_t* stream,
                       uint32_t* scratch, int8_t* y);

#endif
