/* SPDX-License-Identifier: MIT-0 */
/* Functions of one integer. x, y: [count]; y may be x, or lie below it. */
#ifndef EP_UNARY_INT_H
#define EP_UNARY_INT_H

#include <stdint.h>

/// The stored value's size; the least number stays, as it has no positive.
void ep_abs_s16(const int16_t* x, int16_t* y, uint32_t count);
void ep_abs_s32(const int32_t* x, int32_t* y, uint32_t count);

/// The size rescaled with TFLite's two roundings and saturated; shift in [-31, 30]. With mantissa 0
/// it is only saturated.
void ep_abs_scaled_s16(const int16_t* x, int16_t* y, uint32_t count, int32_t mantissa,
                       int32_t shift);

/// The negative modulo 2^bits.
void ep_neg_s16(const int16_t* x, int16_t* y, uint32_t count);
void ep_neg_s32(const int32_t* x, int32_t* y, uint32_t count);
void ep_neg_s64(const int64_t* x, int64_t* y, uint32_t count);

/// -1, 0 or 1.
void ep_sign_s32(const int32_t* x, int32_t* y, uint32_t count);

/// sqrt(x * scale_x) / scale_y in single precision, rounded towards zero and saturated; 0 below 0.
void ep_sqrt_s16(const int16_t* x, int16_t* y, uint32_t count, float scale_x, float scale_y);

/// Lines between the entries of `table`: [513], one entry for every 128 values of x.
void ep_lines_s16(const int16_t* table, const int16_t* x, int16_t* y, uint32_t count);

#endif
