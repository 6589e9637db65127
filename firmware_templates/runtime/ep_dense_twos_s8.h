/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_TWOS_S8_H
#define EP_DENSE_TWOS_S8_H

#include "ep_dense_s8.h"

/// ep_dense_s8 with w: [outputs][depth], two rows at a time.
void ep_dense_twos_s8(const ep_dense_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                      int8_t* y);

#endif
