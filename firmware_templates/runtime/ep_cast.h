/* SPDX-License-Identifier: MIT-0 */
/* Conversions between element types, as TFLite's Cast. */
#ifndef EP_CAST_H
#define EP_CAST_H

#include <stdbool.h>
#include <stdint.h>

/* Integers lose their upper bits; floats saturate towards zero, a NaN to the type's maximum; f16 is
 * rounded to the nearest, ties to even, from float. An unsigned target is its signed twin's.
 * x, y: [count]. y may begin at x where its elements are not larger; else
 * (count - 1) * (how many bytes larger) before it. */

void ep_cast_s8_s16(const void* x, void* y, uint32_t count);
void ep_cast_s8_s32(const void* x, void* y, uint32_t count);
void ep_cast_s8_s64(const void* x, void* y, uint32_t count);
void ep_cast_s8_bool(const void* x, void* y, uint32_t count);
void ep_cast_s8_f32(const void* x, void* y, uint32_t count);
void ep_cast_s8_f16(const void* x, void* y, uint32_t count);
void ep_cast_u8_s16(const void* x, void* y, uint32_t count);
void ep_cast_u8_s32(const void* x, void* y, uint32_t count);
void ep_cast_u8_s64(const void* x, void* y, uint32_t count);
void ep_cast_u8_bool(const void* x, void* y, uint32_t count);
void ep_cast_u8_f32(const void* x, void* y, uint32_t count);
void ep_cast_u8_f16(const void* x, void* y, uint32_t count);
void ep_cast_s16_s8(const void* x, void* y, uint32_t count);
void ep_cast_s16_s32(const void* x, void* y, uint32_t count);
void ep_cast_s16_s64(const void* x, void* y, uint32_t count);
void ep_cast_s16_bool(const void* x, void* y, uint32_t count);
void ep_cast_s16_f32(const void* x, void* y, uint32_t count);
void ep_cast_s16_f16(const void* x, void* y, uint32_t count);
void ep_cast_u16_s8(const void* x, void* y, uint32_t count);
void ep_cast_u16_s32(const void* x, void* y, uint32_t count);
void ep_cast_u16_s64(const void* x, void* y, uint32_t count);
void ep_cast_u16_bool(const void* x, void* y, uint32_t count);
void ep_cast_u16_f32(const void* x, void* y, uint32_t count);
void ep_cast_u16_f16(const void* x, void* y, uint32_t count);
void ep_cast_s32_s8(const void* x, void* y, uint32_t count);
void ep_cast_s32_s16(const void* x, void* y, uint32_t count);
void ep_cast_s32_s64(const void* x, void* y, uint32_t count);
void ep_cast_s32_bool(const void* x, void* y, uint32_t count);
void ep_cast_s32_f32(const void* x, void* y, uint32_t count);
void ep_cast_s32_f16(const void* x, void* y, uint32_t count);
void ep_cast_u32_s8(const void* x, void* y, uint32_t count);
void ep_cast_u32_s16(const void* x, void* y, uint32_t count);
void ep_cast_u32_s64(const void* x, void* y, uint32_t count);
void ep_cast_u32_bool(const void* x, void* y, uint32_t count);
void ep_cast_u32_f32(const void* x, void* y, uint32_t count);
void ep_cast_u32_f16(const void* x, void* y, uint32_t count);
void ep_cast_s64_s8(const void* x, void* y, uint32_t count);
void ep_cast_s64_s16(const void* x, void* y, uint32_t count);
void ep_cast_s64_s32(const void* x, void* y, uint32_t count);
void ep_cast_s64_bool(const void* x, void* y, uint32_t count);
void ep_cast_s64_f32(const void* x, void* y, uint32_t count);
void ep_cast_s64_f16(const void* x, void* y, uint32_t count);
void ep_cast_f32_s8(const void* x, void* y, uint32_t count);
void ep_cast_f32_u8(const void* x, void* y, uint32_t count);
void ep_cast_f32_s16(const void* x, void* y, uint32_t count);
void ep_cast_f32_u16(const void* x, void* y, uint32_t count);
void ep_cast_f32_s32(const void* x, void* y, uint32_t count);
void ep_cast_f32_u32(const void* x, void* y, uint32_t count);
void ep_cast_f32_s64(const void* x, void* y, uint32_t count);
void ep_cast_f32_bool(const void* x, void* y, uint32_t count);
void ep_cast_f16_s8(const void* x, void* y, uint32_t count);
void ep_cast_f16_u8(const void* x, void* y, uint32_t count);
void ep_cast_f16_s16(const void* x, void* y, uint32_t count);
void ep_cast_f16_u16(const void* x, void* y, uint32_t count);
void ep_cast_f16_s32(const void* x, void* y, uint32_t count);
void ep_cast_f16_u32(const void* x, void* y, uint32_t count);
void ep_cast_f16_s64(const void* x, void* y, uint32_t count);
void ep_cast_f16_bool(const void* x, void* y, uint32_t count);
void ep_cast_f32_f16(const void* x, void* y, uint32_t count);
void ep_cast_f16_f32(const void* x, void* y, uint32_t count);

#endif
