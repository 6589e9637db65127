/* SPDX-License-Identifier: MIT-0 */
/* DEQUANTIZE: integers to real numbers. */
#ifndef EP_DEQUANTIZE_H
#define EP_DEQUANTIZE_H

#include <stdint.h>

typedef struct {
    uint32_t count;
    float scale;
    int32_t zero_point;
} ep_dequantize_t;

/// y[i] = scale * (x[i] - zero_point), rounded once.
/// x, y: [count]; y may overlap x where it ends where x ends, or before.
/// Bit-exact with TFLite reference_ops::Dequantize.
void ep_dequantize_s8(const ep_dequantize_t* p, const int8_t* x, float* y);
void ep_dequantize_u8(const ep_dequantize_t* p, const uint8_t* x, float* y);
void ep_dequantize_s16(const ep_dequantize_t* p, const int16_t* x, float* y);

/// y[i] = the value of the half x[i], exact; the overlap as above.
void ep_dequantize_f16(uint32_t count, const uint16_t* x, float* y);

#endif
