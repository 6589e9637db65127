/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_LINE_S8_H
#define EP_LINE_S8_H

#include "ep_quad_s8.h"

/// One column: y[o] from bias[o] + sum_k x[k] * w[o][k], all outputs.
/// w: blocks of 4 outputs as [depth][4], then the 1 to 3 outputs left as [depth] each; steps as in
/// ep_quad_s8.h. y must not overlap x.
void ep_line_s8(const ep_quad_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                const uint32_t* steps, int8_t* y);
void ep_line_signed_s8(const ep_quad_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                       const uint32_t* steps, int8_t* y);

#endif
