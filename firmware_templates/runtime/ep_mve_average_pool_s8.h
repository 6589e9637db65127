/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_AVERAGE_POOL_S8_H
#define EP_MVE_AVERAGE_POOL_S8_H

#include "ep_pool.h"

/// ep_average_pool_s8 for windows of EP_MVE_POOL_AREA pixels at most; y may overlap x likewise.
void ep_mve_average_pool_s8(const ep_pool_s8_t* p, const int8_t* x, int8_t* y);

/// Up to here the mean is a product: see mean in the kernel.
#define EP_MVE_POOL_AREA 360

#endif
