/* SPDX-License-Identifier: MIT-0 */
#include "ep_plane_3x3_s8.h"

#include <stdbool.h>

#include "ep_steps.h"

static void plane(const ep_plane_3x3_t* p, const int8_t* x, const int8_t* w, int32_t bias,
                  const uint32_t* steps, bool has_sign, int8_t* y)
{
    const ep_quad_t range = {1, 1, p->low, p->high};
    for (int32_t i = 0; i < p->lines; i++) {
        for (int32_t j = 0; j < p->columns; j++) {
            const int8_t* const window = x + i * p->x_line + j * p->stride;
            int32_t sum = bias;
            for (int32_t k = 0; k < 9; k++) {
                sum += window[(k / 3) * p->pitch + k % 3] * w[k];
            }
            y[i * p->y_line + j * p->y_column] =
                has_sign ? ep_step_signed(&range, sum, steps) : ep_step(&range, sum, steps);
        }
    }
}

void ep_plane_3x3_s8(const ep_plane_3x3_t* p, const int8_t* x, const int8_t* w, int32_t bias,
                     const uint32_t* steps, int8_t* y)
{
    plane(p, x, w, bias, steps, false, y);
}

void ep_plane_3x3_signed_s8(const ep_plane_3x3_t* p, const int8_t* x, const int8_t* w, int32_t bias,
                            const uint32_t* steps, int8_t* y)
{
    plane(p, x, w, bias, steps, true, y);
}
