/* SPDX-License-Identifier: MIT-0 */
#include "ep_dequantize.h"

#include "ep_affine.h"
#include "ep_half.h"

void ep_dequantize_s8(const ep_dequantize_t* p, const int8_t* x, float* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        y[i] = ep_affine_dequantize(x[i], p->scale, p->zero_point);
    }
}

void ep_dequantize_u8(const ep_dequantize_t* p, const uint8_t* x, float* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        y[i] = ep_affine_dequantize(x[i], p->scale, p->zero_point);
    }
}

void ep_dequantize_s16(const ep_dequantize_t* p, const int16_t* x, float* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        y[i] = ep_affine_dequantize(x[i], p->scale, p->zero_point);
    }
}

void ep_dequantize_f16(uint32_t count, const uint16_t* x, float* y)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = ep_from_half(x[i]);
    }
}
