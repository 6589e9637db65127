/* SPDX-License-Identifier: MIT-0 */
#include "ep_unary_int.h"

#include "ep_fixed.h"
#include "ep_sqrt.h"

static inline int32_t size_of(int32_t value)
{
    return (int32_t)((value < 0) ? (0U - (uint32_t)value) : (uint32_t)value);
}

static inline int16_t line(const int16_t* table, int32_t value)
{
    const int16_t* at = &table[256 + (value >> 7)];
    const int32_t slope = (int16_t)(at[1] - at[0]);
    return (int16_t)(at[0] + ((slope * (value & 127) + 64) >> 7));
}

static inline int16_t root(int32_t value, float scale_x, float scale_y)
{
    if (value <= 0) {
        return 0;
    }
    const float real = ep_sqrt(scale_x * (float)value) / scale_y;
    return (int16_t)((real < 32767.0F) ? real : 32767.0F);
}

#define UNARY(name, type, element)                                      \
    void name(const type* x, type* y, uint32_t count)                   \
    {                                                                   \
        for (uint32_t i = 0; i < count; i++) {                          \
            const type value = x[i];                                    \
            y[i] = (type)(element);                                     \
        }                                                               \
    }

UNARY(ep_abs_s16, int16_t, size_of(value))
UNARY(ep_abs_s32, int32_t, size_of(value))
UNARY(ep_neg_s16, int16_t, -value)
UNARY(ep_neg_s32, int32_t, 0U - (uint32_t)value)
UNARY(ep_neg_s64, int64_t, 0U - (uint64_t)value)
UNARY(ep_sign_s32, int32_t, (value > 0) ? 1 : ((value < 0) ? -1 : 0))

void ep_abs_scaled_s16(const int16_t* x, int16_t* y, uint32_t count, int32_t mantissa,
                       int32_t shift)
{
    for (uint32_t i = 0; i < count; i++) {
        const int32_t size = size_of(x[i]);
        const int32_t value = (mantissa != 0) ? ep_requantize(size, mantissa, shift) : size;
        y[i] = (int16_t)ep_clamp(value, INT16_MIN, INT16_MAX);
    }
}

void ep_sqrt_s16(const int16_t* x, int16_t* y, uint32_t count, float scale_x, float scale_y)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = root(x[i], scale_x, scale_y);
    }
}

void ep_lines_s16(const int16_t* table, const int16_t* x, int16_t* y, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = line(table, x[i]);
    }
}
