/* SPDX-License-Identifier: MIT-0 */
/* Functions of one float. x, y: [count]; y may be x, or lie below it. */
#ifndef EP_UNARY_F32_H
#define EP_UNARY_F32_H

#include <stdint.h>

void ep_abs_f32(const float* x, float* y, uint32_t count);
void ep_neg_f32(const float* x, float* y, uint32_t count);
void ep_square_f32(const float* x, float* y, uint32_t count);

/// -1, 0 or 1; of zeros and a NaN 0.
void ep_sign_f32(const float* x, float* y, uint32_t count);

void ep_floor_f32(const float* x, float* y, uint32_t count);
void ep_ceil_f32(const float* x, float* y, uint32_t count);

/// To the nearest integer, ties to even.
void ep_round_f32(const float* x, float* y, uint32_t count);

/// Correctly rounded; 1 / sqrt(x) is two roundings.
void ep_sqrt_f32(const float* x, float* y, uint32_t count);
void ep_rsqrt_f32(const float* x, float* y, uint32_t count);

/* The bounds are those of ep_math.h, ep_log.h, ep_trig.h and ep_erfc.h. */
void ep_exp_f32(const float* x, float* y, uint32_t count);
void ep_log_f32(const float* x, float* y, uint32_t count);
void ep_sin_f32(const float* x, float* y, uint32_t count);
void ep_cos_f32(const float* x, float* y, uint32_t count);

/// x, or exp(x) - 1 below 0.
void ep_elu_f32(const float* x, float* y, uint32_t count);

/// x / 2 * erfc(-x / sqrt(2)).
void ep_gelu_f32(const float* x, float* y, uint32_t count);

/// x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))).
void ep_gelu_tanh_f32(const float* x, float* y, uint32_t count);

#endif
