/* SPDX-License-Identifier: MIT-0 */
#include "ep_line_s8.h"

#include <stdbool.h>

#include "ep_steps.h"

static void line(const ep_quad_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                 const uint32_t* steps, bool has_sign, int8_t* y)
{
    const int32_t whole = p->outputs & ~3;
    for (int32_t o = 0; o < p->outputs; o++) {
        const int32_t step = (o < whole) ? 4 : 1;
        const int8_t* row = (o < whole) ? &w[(o >> 2) * 4 * p->depth + (o & 3)]
                                        : &w[o * p->depth];
        int32_t sum = bias[o];
        for (int32_t k = 0; k < p->depth; k++) {
            sum += x[k] * *row;
            row += step;
        }
        y[o] = has_sign ? ep_step_signed(p, sum, steps) : ep_step(p, sum, steps);
        steps += has_sign ? 3 : 2;
    }
}

void ep_line_s8(const ep_quad_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                const uint32_t* steps, int8_t* y)
{
    line(p, x, w, bias, steps, false, y);
}

void ep_line_signed_s8(const ep_quad_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                       const uint32_t* steps, int8_t* y)
{
    line(p, x, w, bias, steps, true, y);
}
