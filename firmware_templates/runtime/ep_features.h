/* SPDX-License-Identifier: MIT-0 */
/* The last steps of an audio or sensor front end, in whole numbers. */
#ifndef EP_FEATURES_H
#define EP_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

/// y[k] = sum of table[k][i] * x[i], 14 binary places rounded away, saturated.
/// table: [count][channels]; x: [channels]; y: [count], must not overlap x.
void ep_cosine_s16(uint32_t count, uint32_t channels, const int16_t* table, const int16_t* x,
                   int16_t* y);

typedef struct {
    int32_t mantissa;
    int32_t shift; /* at least 1 */
    int32_t zero;
    int32_t low;
    int32_t high;
} ep_feature_t;

/// y[i] = clamp(((x[i] * mantissa + 2^(shift - 1)) >> shift) + zero). y must not overlap x.
void ep_feature_s8(const ep_feature_t* p, uint32_t count, const int16_t* x, int8_t* y);
void ep_feature_u8(const ep_feature_t* p, uint32_t count, const int16_t* x, uint8_t* y);
void ep_feature_s16(const ep_feature_t* p, uint32_t count, const int16_t* x, int16_t* y);

/// y[i] = x[i] * scale. y must not overlap x.
void ep_feature_f32(float scale, uint32_t count, const int16_t* x, float* y);

/// The last `size` bytes of a stream that `fresh` bytes at x go on with: kept moves on, and y is
/// a copy of it. kept, y: [size]; y must not overlap x.
void ep_sliding(uint32_t size, uint32_t fresh, uint8_t* kept, const void* x, void* y);

/// *y = whether this is a `stride`-th call. count: calls since the last one.
void ep_every(uint32_t stride, uint32_t* count, bool* y);

#endif
