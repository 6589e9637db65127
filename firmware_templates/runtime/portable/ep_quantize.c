/* SPDX-License-Identifier: MIT-0 */
#include "ep_quantize.h"

#include "ep_affine.h"
#include "ep_fixed.h"

void ep_quantize_f32_s8(const ep_quantize_t* p, const float* x, int8_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        y[i] = (int8_t)ep_affine_quantize(x[i], p->scale, p->zero_point, INT8_MIN, INT8_MAX);
    }
}

void ep_quantize_f32_u8(const ep_quantize_t* p, const float* x, uint8_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        y[i] = (uint8_t)ep_affine_quantize(x[i], p->scale, p->zero_point, 0, UINT8_MAX);
    }
}

void ep_quantize_f32_s16(const ep_quantize_t* p, const float* x, int16_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        y[i] = (int16_t)ep_affine_quantize(x[i], p->scale, p->zero_point, INT16_MIN, INT16_MAX);
    }
}

static int32_t requantized(const ep_requantize_t* p, int32_t stored, int32_t low, int32_t high)
{
    const int32_t difference = (int32_t)((uint32_t)stored - (uint32_t)p->x_zero_point);
    const int32_t value = ep_requantize(difference, p->mantissa, p->shift);
    return ep_clamp(ep_clamp(value, -(1 << 24), 1 << 24) + p->y_zero_point, low, high);
}

void ep_requantize_s16_s8(const ep_requantize_t* p, const int16_t* x, int8_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        y[i] = (int8_t)requantized(p, x[i], INT8_MIN, INT8_MAX);
    }
}

void ep_requantize_s16_s16(const ep_requantize_t* p, const int16_t* x, int16_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        y[i] = (int16_t)requantized(p, x[i], INT16_MIN, INT16_MAX);
    }
}

void ep_requantize_s32_s8(const ep_requantize_t* p, const int32_t* x, int8_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        y[i] = (int8_t)requantized(p, x[i], INT8_MIN, INT8_MAX);
    }
}

void ep_requantize_s32_s16(const ep_requantize_t* p, const int32_t* x, int16_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        y[i] = (int16_t)requantized(p, x[i], INT16_MIN, INT16_MAX);
    }
}

void ep_requantize_s8_s16(const ep_requantize_t* p, const int8_t* x, int16_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        y[i] = (int16_t)requantized(p, x[i], INT16_MIN, INT16_MAX);
    }
}

void ep_requantize_u8_s16(const ep_requantize_t* p, const uint8_t* x, int16_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        y[i] = (int16_t)requantized(p, x[i], INT16_MIN, INT16_MAX);
    }
}

void ep_requantize_s16_s32(const ep_requantize_t* p, const int16_t* x, int32_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const int32_t value = ep_requantize(x[i] - p->x_zero_point, p->mantissa, p->shift);
        y[i] = (int32_t)((uint32_t)value + (uint32_t)p->y_zero_point);
    }
}
