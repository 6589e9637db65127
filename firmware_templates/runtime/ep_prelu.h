/* SPDX-License-Identifier: MIT-0 */
/* PRELU: a slope of its own below zero for each element, or for those that share it. */
#ifndef EP_PRELU_H
#define EP_PRELU_H

#include <stdint.h>

#include "ep_words.h"

typedef struct {
    ep_walk_t alpha;      /* where each element's slope lies */
    int32_t x_zero_point;
    int32_t alpha_zero_point;
    int32_t y_zero_point;
    int32_t positive_mantissa; /* x scale / y scale */
    int32_t positive_shift;
    int32_t negative_mantissa; /* x scale * alpha scale / y scale */
    int32_t negative_shift;
} ep_prelu_t;

/// y = x where x >= 0, else alpha * x, requantised with TFLite's two roundings.
/// y may be x, or lie below it; it must not overlap alpha.
/// Bit-exact with TFLite reference_ops::BroadcastPrelu4DSlow.
void ep_prelu_s8(const ep_prelu_t* p, const int8_t* x, const int8_t* alpha, int8_t* y);
void ep_prelu_s16(const ep_prelu_t* p, const int16_t* x, const int8_t* alpha, int16_t* y);

/// y = x where x >= 0, else alpha * x.
/// y may be x, or lie below it; it must not overlap alpha.
void ep_prelu_f32(const ep_walk_t* p, const float* x, const float* alpha, float* y);

#endif
