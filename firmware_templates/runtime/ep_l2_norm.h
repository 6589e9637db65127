/* SPDX-License-Identifier: MIT-0 */
/* Rows brought to length 1. x, y: [rows, depth]; y may be x. */
#ifndef EP_L2_NORM_H
#define EP_L2_NORM_H

#include <stdint.h>

/// x / max(length, 1e-6), squares summed in order.
void ep_l2_norm_f32(const float* x, float* y, uint32_t rows, uint32_t depth);

/// Outputs in units of 1/128, of u8 around 128. Bit-exact with TFLite's L2Normalization.
void ep_l2_norm_s8(const int8_t* x, int8_t* y, uint32_t rows, uint32_t depth, int32_t zero);
void ep_l2_norm_u8(const uint8_t* x, uint8_t* y, uint32_t rows, uint32_t depth, int32_t zero);

#endif
