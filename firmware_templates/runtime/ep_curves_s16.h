/* SPDX-License-Identifier: MIT-0 */
/* Logistic function and hyperbolic tangent on int16, with the bits of gemmlowp's fixed point. */
#ifndef EP_CURVES_S16_H
#define EP_CURVES_S16_H

#include <stdint.h>

/// 1 / (1 + exp(-x / 2^12)) * 2^15
int16_t ep_curve_logistic(int16_t x);

/// tanh(x / 2^(15 - bits)) * 2^15, bits in [0, 6].
int16_t ep_curve_tanh(int16_t x, int32_t bits);

#endif
