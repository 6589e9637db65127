/* SPDX-License-Identifier: MIT-0 */
#include "ep_unary_s16.h"

#include "ep_wide.h"

void ep_relu_s16(const ep_relu_s16_t* p, const int16_t* x, int16_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const int32_t value = ep_requantize(x[i] - p->x_zero_point, p->mantissa, p->shift);
        const int32_t near = ep_clamp(value, -(1 << 24), 1 << 24) + p->y_zero_point;
        y[i] = (int16_t)ep_clamp(near, p->low, p->high);
    }
}

void ep_leaky_relu_s16(const ep_leaky_relu_s16_t* p, const int16_t* x, int16_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        int32_t value = 0;
        if (x[i] >= 0) {
            value = ep_requantize(x[i], p->mantissa, p->shift);
        } else {
            value = ep_requantize(x[i], p->slope_mantissa, p->slope_shift);
            value = (p->negative != 0) ? -value : value;
        }
        y[i] = ep_saturate_s16(value);
    }
}

static int32_t scaled(const ep_sigmoid_s16_t* p, int32_t x)
{
    const int32_t half = (p->shift > 0) ? (int32_t)((uint32_t)1 << (p->shift - 1)) : 0;
    return (x * p->multiplier + half) >> p->shift;
}

/// The table at size / 2^bits, in Q0.16 with bits more; `end` beyond the last entry.
static int32_t between(const uint16_t* table, uint32_t size, uint32_t bits, int32_t end)
{
    const uint32_t at = size >> bits;
    if (at >= 255U) {
        return end;
    }
    const uint32_t part = size & ((1U << bits) - 1U);
    return (int32_t)(((uint32_t)table[at] << bits) + part * (uint32_t)(table[at + 1U] - table[at]));
}

void ep_logistic_s16(const ep_sigmoid_s16_t* p, const uint16_t* table, const int16_t* x, int16_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const int32_t input = scaled(p, x[i]);
        const uint32_t size = (uint32_t)((input < 0) ? -input : input);
        const int32_t value = between(table, size, 9U, 0x7FFF << 10);
        const int32_t signed_value = (input >= 0) ? value : ((1 << 25) - value - 1);
        y[i] = (int16_t)((signed_value + (1 << 9)) >> 10);
    }
}

void ep_tanh_s16(const ep_sigmoid_s16_t* p, const uint16_t* table, const int16_t* x, int16_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const int32_t input = scaled(p, x[i]);
        const uint32_t size = (uint32_t)((input < 0) ? -input : input);
        const int32_t value = between(table, size, 8U, 0xFFFF << 8) - (1 << 23);
        const int32_t signed_value = (input >= 0) ? value : (-value - 1);
        y[i] = (int16_t)((signed_value + (1 << 7)) >> 8);
    }
}
