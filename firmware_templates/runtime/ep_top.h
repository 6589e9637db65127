/* SPDX-License-Identifier: MIT-0 */
/* The largest few of each row, in falling order, the earlier of equals first. */
#ifndef EP_TOP_H
#define EP_TOP_H

#include <stdint.h>

/// x: [rows, size]; values, places: [rows, count]; count in [1, size].
typedef struct {
    int32_t rows;
    int32_t size;
    int32_t count;
} ep_top_t;

/* Nothing overlaps. At most `size * count` moves a row. */
void ep_top_s8(const ep_top_t* p, const int8_t* x, int8_t* values, int32_t* places);
void ep_top_u8(const ep_top_t* p, const uint8_t* x, uint8_t* values, int32_t* places);
void ep_top_s16(const ep_top_t* p, const int16_t* x, int16_t* values, int32_t* places);
void ep_top_s32(const ep_top_t* p, const int32_t* x, int32_t* values, int32_t* places);
void ep_top_s64(const ep_top_t* p, const int64_t* x, int64_t* values, int32_t* places);
void ep_top_f32(const ep_top_t* p, const float* x, float* values, int32_t* places);

#endif
