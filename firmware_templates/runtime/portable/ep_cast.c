/* SPDX-License-Identifier: MIT-0 */
#include "ep_cast.h"

#include "ep_half.h"

/* y may lie over x. */
typedef int16_t __attribute__((may_alias)) s16_t;
typedef uint16_t __attribute__((may_alias)) u16_t;
typedef int32_t __attribute__((may_alias)) s32_t;
typedef uint32_t __attribute__((may_alias)) u32_t;
typedef int64_t __attribute__((may_alias)) s64_t;
typedef float __attribute__((may_alias)) f32_t;

#define CAST(name, from_t, to_t, expression)          \
    void name(const void* x, void* y, uint32_t count) \
    {                                                 \
        const from_t* from = x;                       \
        to_t* to = y;                                 \
        for (uint32_t i = 0; i < count; i++) {        \
            const from_t value = from[i];             \
            to[i] = (expression);                     \
        }                                             \
    }

/* A NaN is below nothing, so it becomes the maximum. */
#define CAST_FLOAT(name, from_t, real, to_t, low, high, maximum)                             \
    void name(const void* x, void* y, uint32_t count)                                        \
    {                                                                                        \
        const from_t* from = x;                                                              \
        to_t* to = y;                                                                        \
        for (uint32_t i = 0; i < count; i++) {                                               \
            const from_t value = from[i];                                                    \
            const float number = real;                                                       \
            const float above = (number < (low)) ? (low) : number;                           \
            to[i] = (to_t)((above < (high)) ? (to_t)above : (to_t)(maximum));                \
        }                                                                                    \
    }

CAST(ep_cast_s8_s16, int8_t, s16_t, (s16_t)value)
CAST(ep_cast_s8_s32, int8_t, s32_t, (s32_t)value)
CAST(ep_cast_s8_s64, int8_t, s64_t, (s64_t)value)
CAST(ep_cast_s8_bool, int8_t, bool, value != 0)
CAST(ep_cast_s8_f32, int8_t, f32_t, (float)value)
CAST(ep_cast_s8_f16, int8_t, u16_t, ep_to_half((float)value))
CAST(ep_cast_u8_s16, uint8_t, s16_t, (s16_t)value)
CAST(ep_cast_u8_s32, uint8_t, s32_t, (s32_t)value)
CAST(ep_cast_u8_s64, uint8_t, s64_t, (s64_t)value)
CAST(ep_cast_u8_bool, uint8_t, bool, value != 0)
CAST(ep_cast_u8_f32, uint8_t, f32_t, (float)value)
CAST(ep_cast_u8_f16, uint8_t, u16_t, ep_to_half((float)value))
CAST(ep_cast_s16_s8, s16_t, int8_t, (int8_t)value)
CAST(ep_cast_s16_s32, s16_t, s32_t, (s32_t)value)
CAST(ep_cast_s16_s64, s16_t, s64_t, (s64_t)value)
CAST(ep_cast_s16_bool, s16_t, bool, value != 0)
CAST(ep_cast_s16_f32, s16_t, f32_t, (float)value)
CAST(ep_cast_s16_f16, s16_t, u16_t, ep_to_half((float)value))
CAST(ep_cast_u16_s8, u16_t, int8_t, (int8_t)value)
CAST(ep_cast_u16_s32, u16_t, s32_t, (s32_t)value)
CAST(ep_cast_u16_s64, u16_t, s64_t, (s64_t)value)
CAST(ep_cast_u16_bool, u16_t, bool, value != 0)
CAST(ep_cast_u16_f32, u16_t, f32_t, (float)value)
CAST(ep_cast_u16_f16, u16_t, u16_t, ep_to_half((float)value))
CAST(ep_cast_s32_s8, s32_t, int8_t, (int8_t)value)
CAST(ep_cast_s32_s16, s32_t, s16_t, (s16_t)value)
CAST(ep_cast_s32_s64, s32_t, s64_t, (s64_t)value)
CAST(ep_cast_s32_bool, s32_t, bool, value != 0)
CAST(ep_cast_s32_f32, s32_t, f32_t, (float)value)
CAST(ep_cast_s32_f16, s32_t, u16_t, ep_to_half((float)value))
CAST(ep_cast_u32_s8, u32_t, int8_t, (int8_t)value)
CAST(ep_cast_u32_s16, u32_t, s16_t, (s16_t)value)
CAST(ep_cast_u32_s64, u32_t, s64_t, (s64_t)value)
CAST(ep_cast_u32_bool, u32_t, bool, value != 0)
CAST(ep_cast_u32_f32, u32_t, f32_t, (float)value)
CAST(ep_cast_u32_f16, u32_t, u16_t, ep_to_half((float)value))
CAST(ep_cast_s64_s8, s64_t, int8_t, (int8_t)value)
CAST(ep_cast_s64_s16, s64_t, s16_t, (s16_t)value)
CAST(ep_cast_s64_s32, s64_t, s32_t, (s32_t)value)
CAST(ep_cast_s64_bool, s64_t, bool, value != 0)
CAST(ep_cast_s64_f32, s64_t, f32_t, (float)value)
CAST(ep_cast_s64_f16, s64_t, u16_t, ep_to_half((float)value))
CAST_FLOAT(ep_cast_f32_s8, f32_t, value, int8_t, -128.0F, 127.0F, INT8_MAX)
CAST_FLOAT(ep_cast_f32_u8, f32_t, value, uint8_t, 0.0F, 255.0F, UINT8_MAX)
CAST_FLOAT(ep_cast_f32_s16, f32_t, value, s16_t, -32768.0F, 32767.0F, INT16_MAX)
CAST_FLOAT(ep_cast_f32_u16, f32_t, value, u16_t, 0.0F, 65535.0F, UINT16_MAX)
CAST_FLOAT(ep_cast_f32_s32, f32_t, value, s32_t, -0x1p31F, 0x1p31F, INT32_MAX)
CAST_FLOAT(ep_cast_f32_u32, f32_t, value, u32_t, 0.0F, 0x1p32F, UINT32_MAX)
CAST_FLOAT(ep_cast_f32_s64, f32_t, value, s64_t, -0x1p63F, 0x1p63F, INT64_MAX)
CAST(ep_cast_f32_bool, f32_t, bool, value != 0.0F)
CAST_FLOAT(ep_cast_f16_s8, u16_t, ep_from_half(value), int8_t, -128.0F, 127.0F, INT8_MAX)
CAST_FLOAT(ep_cast_f16_u8, u16_t, ep_from_half(value), uint8_t, 0.0F, 255.0F, UINT8_MAX)
CAST_FLOAT(ep_cast_f16_s16, u16_t, ep_from_half(value), s16_t, -32768.0F, 32767.0F, INT16_MAX)
CAST_FLOAT(ep_cast_f16_u16, u16_t, ep_from_half(value), u16_t, 0.0F, 65535.0F, UINT16_MAX)
CAST_FLOAT(ep_cast_f16_s32, u16_t, ep_from_half(value), s32_t, -0x1p31F, 0x1p31F, INT32_MAX)
CAST_FLOAT(ep_cast_f16_u32, u16_t, ep_from_half(value), u32_t, 0.0F, 0x1p32F, UINT32_MAX)
CAST_FLOAT(ep_cast_f16_s64, u16_t, ep_from_half(value), s64_t, -0x1p63F, 0x1p63F, INT64_MAX)
CAST(ep_cast_f16_bool, u16_t, bool, ep_from_half(value) != 0.0F)
CAST(ep_cast_f32_f16, f32_t, u16_t, ep_to_half(value))
CAST(ep_cast_f16_f32, u16_t, f32_t, ep_from_half(value))
