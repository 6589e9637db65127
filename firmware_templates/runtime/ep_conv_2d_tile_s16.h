/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CONV_2D_TILE_S16_H
#define EP_CONV_2D_TILE_S16_H

#include "ep_conv_2d_s16.h"

/// What ep_conv_2d_s16 does with one group, for sums that fit int32_t: four pixels and two outputs at
/// a time. Pixels that are left are computed by a tile of which they are the first.
/// w: as ep_tile_s16 has it, for each two outputs; an odd last one has a partner of zeros, as it has
/// in bias. Depth is rounded up to 8. scratch, aligned to 4: 10 bytes a value of it.
void ep_conv_2d_tile_s16(const ep_conv_2d_s16_t* p, const int16_t* x, const int8_t* w,
                         const int32_t* bias, const int32_t* multipliers, const int8_t* shifts,
                         int16_t* scratch, int16_t* y);

#endif
