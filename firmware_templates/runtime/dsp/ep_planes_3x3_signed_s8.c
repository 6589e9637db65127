/* SPDX-License-Identifier: MIT-0 */
#include "ep_planes_3x3_signed_s8.h"

void ep_planes_3x3_signed_s8(const ep_planes_3x3_t* p, const int8_t* x, const uint32_t* channels,
                             uint32_t* scratch, int8_t* y)
{
    const ep_plane_ways_t ways = {ep_plane_rows_signed, ep_plane_single_signed, ep_plane_halves_signed,
                                  EP_PLANE_SHIFTED_WORDS};
    ep_planes(p, &ways, x, channels, scratch, y);
}
