/* SPDX-License-Identifier: MIT-0 */
#include "ep_planes_3x3_twice_s8.h"

void ep_planes_3x3_twice_s8(const ep_planes_3x3_t* p, const int8_t* x, const uint32_t* channels,
                            uint32_t* scratch, int8_t* y)
{
    const ep_plane_ways_t ways = {ep_plane_rows_twice, ep_plane_single_twice,
                                  ep_plane_halves_twice, EP_PLANE_CHANNEL_WORDS};
    ep_planes(p, &ways, x, channels, scratch, y);
}
