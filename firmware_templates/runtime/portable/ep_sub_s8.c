/* SPDX-License-Identifier: MIT-0 */
#include "ep_sub_s8.h"

void ep_sub_s8(const ep_sum_s8_t* p, int32_t count, const int8_t* a, const int8_t* b, int8_t* y)
{
    const ep_sum_s8_t local = *p; /* y might alias p for all the compiler knows */
    for (int32_t i = 0; i < count; i++) {
        const int32_t operand = ep_sum_operand(&local, b[i]);
        y[i] = ep_sum_result(&local, a[i] * local.factor_a + local.offset - operand);
    }
}

void ep_sub_broadcast_s8(const ep_sum_s8_t* p, const ep_broadcast_t* loops,
                         const int8_t* a, const int8_t* b, int8_t* y)
{
    const ep_sum_s8_t local = *p; /* y might alias p for all the compiler knows */
    const int32_t step_a = loops->steps_a[EP_BROADCAST_LAST];
    const int32_t step_b = loops->steps_b[EP_BROADCAST_LAST];
    ep_broadcast_at_t at = {{0}, 0, 0};
    do {
        const int8_t* one = a + at.a;
        const int8_t* two = b + at.b;
        for (int32_t i = loops->sizes[EP_BROADCAST_LAST]; i > 0; i--) {
            const int32_t operand = ep_sum_operand(&local, *two);
            *y++ = ep_sum_result(&local, *one * local.factor_a + local.offset - operand);
            one += step_a;
            two += step_b;
        }
    } while (ep_broadcast_next(loops, &at));
}
