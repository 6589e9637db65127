/* SPDX-License-Identifier: MIT-0 */
/* QUANTIZE: real numbers to integers, and integers to others. */
#ifndef EP_QUANTIZE_H
#define EP_QUANTIZE_H

#include <stdint.h>

typedef struct {
    uint32_t count;
    float scale;
    int32_t zero_point;
} ep_quantize_t;

/// y[i] = clamp(round(x[i] / scale) + zero_point), halves away from zero.
/// x, y: [count]; y may start where x does, or below it.
/// Bit-exact with TFLite reference_ops::AffineQuantize; NaN gives the least value.
void ep_quantize_f32_s8(const ep_quantize_t* p, const float* x, int8_t* y);
void ep_quantize_f32_u8(const ep_quantize_t* p, const float* x, uint8_t* y);
void ep_quantize_f32_s16(const ep_quantize_t* p, const float* x, int16_t* y);

typedef struct {
    uint32_t count;
    int32_t x_zero_point;
    int32_t y_zero_point;
    int32_t mantissa; /* of the quotient of the scales */
    int32_t shift;
} ep_requantize_t;

/// y[i] = clamp(requantize(x[i] - x_zero_point) + y_zero_point).
/// x, y: [count]; y may start where x does, or below it.
/// Bit-exact with TFLite reference_ops::Requantize.
void ep_requantize_s16_s8(const ep_requantize_t* p, const int16_t* x, int8_t* y);
void ep_requantize_s16_s16(const ep_requantize_t* p, const int16_t* x, int16_t* y);
void ep_requantize_s16_s32(const ep_requantize_t* p, const int16_t* x, int32_t* y);
void ep_requantize_s32_s8(const ep_requantize_t* p, const int32_t* x, int8_t* y);
void ep_requantize_s32_s16(const ep_requantize_t* p, const int32_t* x, int16_t* y);

/// The same to a wider type. x, y: [count]; y may overlap x where it ends where x ends, or before.
void ep_requantize_s8_s16(const ep_requantize_t* p, const int8_t* x, int16_t* y);
void ep_requantize_u8_s16(const ep_requantize_t* p, const uint8_t* x, int16_t* y);

#endif
