/* SPDX-License-Identifier: MIT-0 */
#include "affine_s8.h"

void affine_s8(const affine_t* p, const int8_t* x, int8_t* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const int64_t value = (int64_t)p->slope * (x[i] - p->zero_point) + p->offset;
        const int64_t rounded = (value + (1 << 15)) >> 16;
        const int64_t floored = (rounded < INT8_MIN) ? INT8_MIN : rounded;
        y[i] = (int8_t)((floored > INT8_MAX) ? INT8_MAX : floored);
    }
}
