/* SPDX-License-Identifier: MIT-0 */
#include "ep_quad_s8.h"

#include <stdbool.h>

#include "ep_steps.h"

/// One output of four columns; w strides over a block of 4.
static void output(const ep_quad_t* p, const int8_t* x, const int8_t* w, int32_t bias,
                   const uint32_t* steps, bool has_sign, int8_t* y)
{
    for (int32_t px = 0; px < 4; px++) {
        int32_t sum = bias;
        for (int32_t k = 0; k < p->depth; k++) {
            sum += x[(k >> 2) * 16 + px * 4 + (k & 3)] * w[4 * k];
        }
        *y = has_sign ? ep_step_signed(p, sum, steps) : ep_step(p, sum, steps);
        y += p->outputs;
    }
}

static const int8_t* quad(const ep_quad_t* p, const int8_t* x, const int8_t* w,
                          const int32_t* bias, const uint32_t* steps, bool has_sign, int8_t* y)
{
    for (int32_t at = 0; at + 4 <= p->outputs; at += 4) {
        for (int32_t i = 0; i < 4; i++) {
            output(p, x, w + i, bias[at + i], &steps[(has_sign ? 3 : 2) * (at + i)], has_sign, &y[at + i]);
        }
        w += 4 * p->depth;
    }
    return w;
}

const int8_t* ep_quad_s8(const ep_quad_t* p, const int8_t* x, const int8_t* w,
                         const int32_t* bias, const uint32_t* steps, int8_t* y)
{
    return quad(p, x, w, bias, steps, false, y);
}

const int8_t* ep_quad_signed_s8(const ep_quad_t* p, const int8_t* x, const int8_t* w,
                                const int32_t* bias, const uint32_t* steps, int8_t* y)
{
    return quad(p, x, w, bias, steps, true, y);
}
