/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_PLANES_3X3_SHIFT_S8_H
#define EP_PLANES_3X3_SHIFT_S8_H

#include "ep_planes.h"

/// As ep_planes_3x3_s8, of multipliers that are powers of two: see ep_plane_rows_shift. channels: [in_c]
/// of EP_PLANE_SHIFTED_WORDS.
void ep_planes_3x3_shift_s8(const ep_planes_3x3_t* p, const int8_t* x, const uint32_t* channels,
                            uint32_t* scratch, int8_t* y);

#endif
