/* SPDX-License-Identifier: MIT-0 */
#include "ep_filter_bank.h"

#define SNR_BITS 12 /* of PCAN's soft root */
#define SHRUNK_BITS 6
#define LN_2 45426U /* with 16 binary places */

void ep_filter_bank(uint32_t channels, const int16_t* weights, const int16_t* others,
                    const int16_t* starts, const int16_t* at, const int16_t* widths,
                    const uint32_t* x, uint64_t* y)
{
    uint64_t carried = 0;
    for (uint32_t c = 0; c <= channels; c++) {
        const uint32_t* energy = x + starts[c];
        const int16_t* mine = weights + at[c];
        const int16_t* next = others + at[c];
        uint64_t taken = carried;
        carried = 0;
        for (int32_t i = 0; i < widths[c]; i++) {
            taken += (uint64_t)mine[i] * energy[i];
            carried += (uint64_t)next[i] * energy[i];
        }
        if (c > 0U) {
            y[c - 1U] = taken;
        }
    }
}

static inline uint32_t bits_of(uint32_t value)
{
    uint32_t bits = 0;
    for (uint32_t step = 16U; step > 0U; step >>= 1) {
        if ((value >> step) != 0U) {
            value >>= step;
            bits += step;
        }
    }
    return bits + value;
}

static uint32_t root_32(uint32_t value)
{
    uint32_t root = 0;
    for (uint32_t bit = 1U << 30; bit > 0U; bit >>= 2) {
        if (value >= root + bit) {
            value -= root + bit;
            root += bit << 1;
        }
        root >>= 1;
    }
    return value > root && root != 0xFFFFU ? root + 1U : root;
}

static uint32_t root_64(uint64_t value)
{
    if ((value >> 32) == 0U) {
        return root_32((uint32_t)value);
    }
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 62; bit > 0U; bit >>= 2) {
        if (value >= root + bit) {
            value -= root + bit;
            root += bit << 1;
        }
        root >>= 1;
    }
    return (uint32_t)(value > root && root != 0xFFFFFFFFU ? root + 1U : root);
}

void ep_filter_root(uint32_t channels, const uint64_t* x, const int32_t* bits, uint32_t* y)
{
    const uint32_t down = (uint32_t)*bits & 31U;
    for (uint32_t i = 0; i < channels; i++) {
        y[i] = root_64(x[i]) >> down;
    }
}

void ep_subtract_noise(const ep_noise_t* p, uint32_t* noise, const uint32_t* x, uint32_t* y,
                       uint32_t* estimate)
{
    for (uint32_t i = 0; i < p->channels; i++) {
        const uint32_t signal = x[i] << p->up;
        const uint64_t smoothed = (uint64_t)signal * p->smoothing[i & 1U];
        const uint64_t kept = (uint64_t)noise[i] * p->keeping[i & 1U];
        const uint32_t now = (uint32_t)((smoothed + kept) >> p->bits);
        const uint32_t off = now < signal ? now : signal;
        const uint32_t low = (uint32_t)(((uint64_t)x[i] * p->floor) >> p->bits);
        const uint32_t left = (signal - off) >> p->up;
        noise[i] = p->clamping ? off : now;
        estimate[i] = noise[i];
        y[i] = left > low ? left : low;
    }
}

static inline uint32_t gain_of(uint32_t noise, const int16_t* gains)
{
    if (noise <= 2U) {
        return (uint32_t)gains[noise];
    }
    const uint32_t piece = bits_of(noise);
    const int16_t* at = gains + 4U * piece - 6U;
    const int32_t part =
        (int32_t)((piece < 11U ? noise << (11U - piece) : noise >> (piece - 11U)) & 0x3FFU);
    const uint32_t slope = (uint32_t)((at[2] * part) >> 5) + ((uint32_t)at[1] << 5);
    const int32_t rise = (int32_t)(slope * (uint32_t)part + (1U << 14)) >> 15;
    return (uint32_t)(int16_t)(rise + at[0]);
}

void ep_pcan(uint32_t channels, uint32_t shift, const uint32_t* x, const uint32_t* noise,
             const int16_t* gains, uint32_t* y)
{
    for (uint32_t i = 0; i < channels; i++) {
        const uint32_t gain = gain_of(noise[i], gains);
        const uint32_t ratio = (uint32_t)(((uint64_t)x[i] * gain) >> shift);
        y[i] = ratio < (2U << SNR_BITS)
                   ? (ratio * ratio) >> (2U + 2U * SNR_BITS - SHRUNK_BITS)
                   : (ratio >> (SNR_BITS - SHRUNK_BITS)) - (1U << SHRUNK_BITS);
    }
}

void ep_filter_log(uint32_t channels, uint32_t scale, uint32_t bits, const uint16_t* table,
                   const uint32_t* x, int16_t* y)
{
    for (uint32_t i = 0; i < channels; i++) {
        const uint32_t value = x[i] << bits;
        if (value <= 1U) {
            y[i] = 0;
            continue;
        }
        const uint32_t whole = bits_of(value) - 1U;
        const uint32_t rest = value - (1U << whole);
        const uint32_t part = whole < 16U ? rest << (16U - whole) : rest >> (whole - 16U);
        const uint32_t piece = part >> 9;
        const int32_t step = table[piece + 1U] - table[piece];
        const int32_t bent = table[piece] + ((step * (int32_t)(part & 511U)) >> 16);
        const uint32_t log_2 = (whole << 16) + part + (uint32_t)bent;
        const uint32_t log_e = (uint32_t)(((uint64_t)LN_2 * log_2 + (1U << 15)) >> 16);
        const uint32_t scaled = (scale * log_e + (1U << 15)) >> 16;
        y[i] = (int16_t)(scaled < 32767U ? scaled : 32767U);
    }
}
