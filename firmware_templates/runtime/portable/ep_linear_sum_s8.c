/* SPDX-License-Identifier: MIT-0 */
#include "ep_linear_sum_s8.h"

#include "ep_limit_s8.h"
#include "ep_rescale.h"

static inline int8_t sum(const ep_linear_sum_t* p, int32_t a, int32_t b)
{
    return ep_saturate((a * p->factor_a + b * p->factor_b + p->offset) >> p->shift);
}

void ep_linear_sum_s8(const ep_linear_sum_t* p, int32_t count, const int8_t* a, const int8_t* b,
                      int8_t* y)
{
    const ep_linear_sum_t local = *p; /* y might alias p for all the compiler knows */
    int8_t* const first = y;
    const int8_t* const end = a + count;
    const int8_t* const whole = a + (count & ~3);
    while (a != whole) {
        y[0] = sum(&local, a[0], b[0]);
        y[1] = sum(&local, a[1], b[1]);
        y[2] = sum(&local, a[2], b[2]);
        y[3] = sum(&local, a[3], b[3]);
        a += 4;
        b += 4;
        y += 4;
    }
    while (a != end) {
        *y++ = sum(&local, *a++, *b++);
    }
    ep_limit_s8(first, count, local.low, local.high);
}
