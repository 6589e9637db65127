/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_ROWS_S4_H
#define EP_MVE_ROWS_S4_H

#include "ep_mve_rows_s8.h"

/// What ep_mve_rows_s8 does, with weights of four bits but for the outputs left.
/// w: of each two outputs a and b of a block 16 * b + a in a byte, [steps][4][16];
/// edgepack proves that they fit. Sums without their bias are below 2^25.
void ep_mve_rows_s4(const ep_mve_rows_t* p, const int8_t* x, const int32_t* w,
                    const int32_t* tables, int8_t* y);

#endif
