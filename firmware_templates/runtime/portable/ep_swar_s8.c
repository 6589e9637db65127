/* SPDX-License-Identifier: MIT-0 */
#include "ep_swar_s8.h"

#include <stdbool.h>

/// A column's value: the lower halves are rounded off the upper ones.
static int32_t value(const uint32_t* x, int32_t px)
{
    const uint32_t word = x[px / 2];
    const uint32_t half = (px % 2 == 0) ? word : (word + 0x8000U) >> 16;
    return (int32_t)(int16_t)(half & 0xFFFFU);
}

/// The output of a sum; rows: of its channel.
static int8_t output(const ep_swar_t* p, int32_t sum, const uint32_t* rows, bool has_sign)
{
    const int32_t move = has_sign ? (int32_t)rows[4] >> 5 : 0;
    const uint32_t unit = (has_sign && sum < 0) ? 1U << (rows[4] & 31U) : 0U;
    if (sum + move < 0) {
        return (int8_t)p->low;
    }
    const uint32_t t = (uint32_t)(sum + move);
    if (t > (rows[3] & 0xFFFFFU)) {
        return (int8_t)(p->low + p->span);
    }
    const uint32_t high = t * (rows[1] >> 13);
    const uint32_t low = (t * (rows[1] & 8191U)) >> 13;
    return (int8_t)(p->low + (int32_t)((high + low + (rows[2] >> 8) - unit) >> 24));
}

static void run(const ep_swar_t* p, const uint32_t* x, const int8_t* w, const uint32_t* rows,
                bool has_sign, int8_t* y, int32_t step)
{
    for (int32_t o = 0; o < p->outputs; o++) {
        const int8_t* const row = &w[(o / 8) * p->block + o % 8];
        const int32_t length = (int32_t)(((rows[2] & 255U) >> 3) * (rows[3] >> 20));
        for (int32_t px = 0; px < 4; px++) {
            int32_t sum = (int32_t)rows[0];
            for (int32_t k = 0; k < length; k++) {
                if (row[8 * k] != 0) { /* behind the last depth, x may be anything */
                    sum += value(&x[2 * k], px) * row[8 * k];
                }
            }
            y[px * step + o] = output(p, sum, rows, has_sign);
        }
        rows += has_sign ? 5 : 4;
    }
}

void ep_swar_s8(const ep_swar_t* p, const uint32_t* x, const int8_t* w, const uint32_t* rows,
                int8_t* y, int32_t step)
{
    run(p, x, w, rows, false, y, step);
}

void ep_swar_signed_s8(const ep_swar_t* p, const uint32_t* x, const int8_t* w,
                       const uint32_t* rows, int8_t* y, int32_t step)
{
    run(p, x, w, rows, true, y, step);
}
