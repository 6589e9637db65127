/* SPDX-License-Identifier: MIT-0 */
#include "ep_dense_double_u8.h"

#include "ep_double.h"
#include "ep_fixed.h"

/// The output of a sum.
static int8_t finished(const ep_dense_narrow_t* p, int32_t sum, uint32_t high, uint32_t low,
                       int32_t shift)
{
    const int32_t zero = (p->zero_term - 1) / 2;
    const int32_t value = zero + ep_double_scale(sum, high, low, shift);
    return (int8_t)ep_clamp(value, p->low, p->high);
}

void ep_dense_double_u8(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w,
                        const int32_t* bias, const uint32_t* highs, const uint32_t* lows,
                        const int8_t* shifts, int8_t* y)
{
    const int32_t step = (p->per_channel != 0) ? 1 : 0;
    const int32_t zero = *w++;
    for (int32_t b = 0; b < p->batches; b++) {
        const int8_t* row = w;
        int32_t rows = 0;
        for (int32_t at = 0; at < p->outputs; at += rows) {
            rows = (p->outputs - at >= 4) ? 4 : 1;
            for (int32_t r = 0; r < rows; r++) {
                const int32_t o = (at + r) * step;
                int32_t sum = bias[at + r];
                for (int32_t k = 0; k < p->depth; k++) {
                    sum += x[k] * (row[k * rows + r] - zero);
                }
                *y++ = finished(p, sum, highs[o], lows[o], shifts[o]);
            }
            row += rows * p->depth;
        }
        x += p->depth;
    }
}
