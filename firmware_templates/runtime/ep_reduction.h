/* SPDX-License-Identifier: MIT-0 */
/* Sums, products and extremes over axes, elements taken in the order of x's memory. */
#ifndef EP_REDUCTION_H
#define EP_REDUCTION_H

#include "ep_reduce.h"

/// The innermost loop over what is reduced stands apart from the others.
typedef struct {
    ep_reduce_t loops;
    int32_t inner;
    int32_t inner_step;
    uint8_t first; /* float: start at the first element, not at the neutral one */
} ep_reduction_t;

/// The sum less `offset`, rescaled with TFLite's two roundings, plus `zero`, saturated.
typedef struct {
    ep_reduction_t at;
    int32_t offset;
    int32_t mantissa; /* Q0.31 */
    int32_t shift;    /* in [-31, 30], positive is left */
    int32_t zero;
} ep_sum_scaled_t;

/// Each partial product is rescaled: mantissa in Q0.15, `right` in [8, 46].
typedef struct {
    ep_reduction_t at;
    int32_t zero_x;
    int32_t zero;
    int32_t mantissa;
    int32_t right;
} ep_product_scaled_t;

/* y must not overlap x. Integers wrap modulo 2^bits. */
void ep_total_8(const ep_reduction_t* p, const void* x, void* y);
void ep_total_16(const ep_reduction_t* p, const void* x, void* y);
void ep_total_32(const ep_reduction_t* p, const void* x, void* y);
void ep_total_64(const ep_reduction_t* p, const void* x, void* y);
void ep_total_f32(const ep_reduction_t* p, const float* x, float* y);
void ep_product_8(const ep_reduction_t* p, const void* x, void* y);
void ep_product_16(const ep_reduction_t* p, const void* x, void* y);
void ep_product_32(const ep_reduction_t* p, const void* x, void* y);
void ep_product_64(const ep_reduction_t* p, const void* x, void* y);
void ep_product_f32(const ep_reduction_t* p, const float* x, float* y);
void ep_greatest_s8(const ep_reduction_t* p, const int8_t* x, int8_t* y);
void ep_greatest_u8(const ep_reduction_t* p, const uint8_t* x, uint8_t* y);
void ep_greatest_s16(const ep_reduction_t* p, const int16_t* x, int16_t* y);
void ep_greatest_s32(const ep_reduction_t* p, const int32_t* x, int32_t* y);
void ep_greatest_s64(const ep_reduction_t* p, const int64_t* x, int64_t* y);
void ep_greatest_f32(const ep_reduction_t* p, const float* x, float* y);
void ep_least_s8(const ep_reduction_t* p, const int8_t* x, int8_t* y);
void ep_least_u8(const ep_reduction_t* p, const uint8_t* x, uint8_t* y);
void ep_least_s16(const ep_reduction_t* p, const int16_t* x, int16_t* y);
void ep_least_s32(const ep_reduction_t* p, const int32_t* x, int32_t* y);
void ep_least_s64(const ep_reduction_t* p, const int64_t* x, int64_t* y);
void ep_least_f32(const ep_reduction_t* p, const float* x, float* y);

/// Whether any, or all, of the elements are true.
void ep_any_bool(const ep_reduction_t* p, const bool* x, bool* y);
void ep_all_bool(const ep_reduction_t* p, const bool* x, bool* y);

/// Bit-exact with TFLite's QuantizedMeanOrSum.
void ep_total_scaled_s8(const ep_sum_scaled_t* p, const int8_t* x, int8_t* y);
void ep_total_scaled_u8(const ep_sum_scaled_t* p, const uint8_t* x, uint8_t* y);
void ep_total_scaled_s16(const ep_sum_scaled_t* p, const int16_t* x, int16_t* y);

/// Bit-exact with TFLite's QuantizedReduceProd.
void ep_product_scaled_s8(const ep_product_scaled_t* p, const int8_t* x, int8_t* y);
void ep_product_scaled_s16(const ep_product_scaled_t* p, const int16_t* x, int16_t* y);

#endif
