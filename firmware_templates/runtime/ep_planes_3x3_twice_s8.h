/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_PLANES_3X3_TWICE_S8_H
#define EP_PLANES_3X3_TWICE_S8_H

#include "ep_planes.h"

/// As ep_planes_3x3_s8, by TFLite's two roundings of any multiplier with a right shift of 1 to 16.
void ep_planes_3x3_twice_s8(const ep_planes_3x3_t* p, const int8_t* x, const uint32_t* channels,
                            uint32_t* scratch, int8_t* y);

#endif
