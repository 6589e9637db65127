/* SPDX-License-Identifier: MIT-0 */
/* Activations of int16. */
#ifndef EP_UNARY_S16_H
#define EP_UNARY_S16_H

#include <stdint.h>

typedef struct {
    uint32_t count;
    int32_t x_zero_point;
    int32_t y_zero_point;
    int32_t mantissa; /* of x's scale over y's */
    int32_t shift;
    int32_t low;
    int32_t high;
} ep_relu_s16_t;

/// y[i] = clamp(zp_y + requantize(x[i] - zp_x)). y may be x, or lie below it.
/// Bit-exact with LiteRT's ReluX on int16.
void ep_relu_s16(const ep_relu_s16_t* p, const int16_t* x, int16_t* y);

typedef struct {
    uint32_t count;
    int32_t mantissa; /* of x's scale over y's */
    int32_t shift;
    int32_t slope_mantissa; /* the same with the slope's size */
    int32_t slope_shift;
    int8_t negative; /* 1: the slope is */
} ep_leaky_relu_s16_t;

/// y[i] = requantize(x[i]) from 0 up, slope * requantize(x[i]) below; zero points are 0.
/// y may be x, or lie below it. Bit-exact with TFLite reference_ops::QuantizeLeakyRelu.
void ep_leaky_relu_s16(const ep_leaky_relu_s16_t* p, const int16_t* x, int16_t* y);

/// x as x * multiplier / 2^shift, rounded, in units of 1 / 12288.
typedef struct {
    uint32_t count;
    int32_t multiplier; /* at most 65535 */
    int32_t shift;      /* right, in [0, 31]; the multiplier is below 2^15 where it is not 0 */
} ep_sigmoid_s16_t;

/// y[i] = 1 / (1 + exp(-x[i])) or tanh(x[i]) in Q0.15, between the 256 entries of a table:
/// 1 / (1 + exp(-i / 24)) in Q0.16. y may be x, or lie below it.
/// Bit-exact with TFLite reference_integer_ops::Logistic and Tanh on int16.
void ep_logistic_s16(const ep_sigmoid_s16_t* p, const uint16_t* table, const int16_t* x,
                     int16_t* y);
void ep_tanh_s16(const ep_sigmoid_s16_t* p, const uint16_t* table, const int16_t* x, int16_t* y);

#endif
