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

#define CAST(name, from_t, to_t, expression)                                                       \
    void name(const void* x, void* y, uint32_t count)                                              \
    {                                                                                              \
        const from_t* from = x;                                                                    \
        to_t* to = y;                                                                              \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            const from_t value = from[i];                                                          \
            to[i] = (expression);                                                                  \
        }                                                                                          \
    }

#define CAST_PLAIN(from, from_t, to, to_t) CAST(ep_cast_##from##_##to, from_t, to_t, (to_t)value)

/* What integers of every size become. */
#define CAST_INTEGER(from, from_t)                                                                 \
    CAST(ep_cast_##from##_bool, from_t, bool, value != 0)                                          \
    CAST(ep_cast_##from##_f32, from_t, f32_t, (float)value)                                        \
    CAST(ep_cast_##from##_f16, from_t, u16_t, ep_to_half((float)value))

#define CAST_8(from, from_t)                                                                       \
    CAST_PLAIN(from, from_t, s16, s16_t)                                                           \
    CAST_PLAIN(from, from_t, s32, s32_t)                                                           \
    CAST_PLAIN(from, from_t, s64, s64_t)                                                           \
    CAST_INTEGER(from, from_t)

#define CAST_16(from, from_t)                                                                      \
    CAST_PLAIN(from, from_t, s8, int8_t)                                                           \
    CAST_PLAIN(from, from_t, s32, s32_t)                                                           \
    CAST_PLAIN(from, from_t, s64, s64_t)                                                           \
    CAST_INTEGER(from, from_t)

#define CAST_32(from, from_t)                                                                      \
    CAST_PLAIN(from, from_t, s8, int8_t)                                                           \
    CAST_PLAIN(from, from_t, s16, s16_t)                                                           \
    CAST_PLAIN(from, from_t, s64, s64_t)                                                           \
    CAST_INTEGER(from, from_t)

#define CAST_64(from, from_t)                                                                      \
    CAST_PLAIN(from, from_t, s8, int8_t)                                                           \
    CAST_PLAIN(from, from_t, s16, s16_t)                                                           \
    CAST_PLAIN(from, from_t, s32, s32_t)                                                           \
    CAST_INTEGER(from, from_t)

/* A NaN is below nothing, so it becomes the maximum. */
#define CAST_FLOAT(name, from_t, real, to_t, low, high, maximum)                                   \
    void name(const void* x, void* y, uint32_t count)                                              \
    {                                                                                              \
        const from_t* from = x;                                                                    \
        to_t* to = y;                                                                              \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            const from_t value = from[i];                                                          \
            const float number = real;                                                             \
            const float above = (number < (low)) ? (low) : number;                                 \
            to[i] = (to_t)((above < (high)) ? (to_t)above : (to_t)(maximum));                      \
        }                                                                                          \
    }

/* real: the float of `value`. */
#define CAST_REAL(from, from_t, real)                                                              \
    CAST_FLOAT(ep_cast_##from##_s8, from_t, real, int8_t, -128.0F, 127.0F, INT8_MAX)               \
    CAST_FLOAT(ep_cast_##from##_u8, from_t, real, uint8_t, 0.0F, 255.0F, UINT8_MAX)                \
    CAST_FLOAT(ep_cast_##from##_s16, from_t, real, s16_t, -32768.0F, 32767.0F, INT16_MAX)          \
    CAST_FLOAT(ep_cast_##from##_u16, from_t, real, u16_t, 0.0F, 65535.0F, UINT16_MAX)              \
    CAST_FLOAT(ep_cast_##from##_s32, from_t, real, s32_t, -0x1p31F, 0x1p31F, INT32_MAX)            \
    CAST_FLOAT(ep_cast_##from##_u32, from_t, real, u32_t, 0.0F, 0x1p32F, UINT32_MAX)               \
    CAST_FLOAT(ep_cast_##from##_s64, from_t, real, s64_t, -0x1p63F, 0x1p63F, INT64_MAX)            \
    CAST(ep_cast_##from##_bool, from_t, bool, (real) != 0.0F)

CAST_8(s8, int8_t)
CAST_8(u8, uint8_t)
CAST_16(s16, s16_t)
CAST_16(u16, u16_t)
CAST_32(s32, s32_t)
CAST_32(u32, u32_t)
CAST_64(s64, s64_t)
CAST_REAL(f32, f32_t, value)
CAST_REAL(f16, u16_t, ep_from_half(value))
CAST(ep_cast_f32_f16, f32_t, u16_t, ep_to_half(value))
CAST(ep_cast_f16_f32, u16_t, f32_t, ep_from_half(value))
