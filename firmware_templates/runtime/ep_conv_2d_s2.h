/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CONV_2D_S2_H
#define EP_CONV_2D_S2_H

#include "ep_conv_pairs.h"

/// As ep_conv_2d_s8, with weights of two bits: a group after the other, each as ep_columns_s2
/// has it.
void ep_conv_2d_s2(const ep_conv_2d_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                   const int32_t* multipliers, const int8_t* codes, int8_t* scratch, int8_t* y);

#endif
