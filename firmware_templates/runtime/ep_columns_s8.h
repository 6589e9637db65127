/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_COLUMNS_S8_H
#define EP_COLUMNS_S8_H

#include "ep_columns.h"

/// y0[o] = clamp(zp_y + rescale(bias[o] + sum_k x[k][0] * w[o][k])), y1[o] the same of x[k][1].
/// x: [depth][2]. w: blocks of 4 outputs as [depth][4], then the 1 to 3 outputs left as [depth]
/// each. bias: the zero point of x folded in. codes: see ep_rescale.
/// y1 may be y0 where both columns are equal. edgepack proves that the sums fit int32_t.
void ep_columns_s8(const ep_columns_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                   const int32_t* multipliers, const int8_t* codes, int8_t* y0, int8_t* y1);

#endif
