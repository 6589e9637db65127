/* SPDX-License-Identifier: MIT-0 */
#include "ep_mul_f32.h"

void ep_mul_f32(const ep_range_f32_t* p, int32_t count, const float* a, const float* b, float* y)
{
    const ep_range_f32_t local = *p; /* y might alias p for all the compiler knows */
    for (int32_t i = 0; i < count; i++) {
        y[i] = ep_clamp_f32(a[i] * b[i], local.low, local.high);
    }
}

void ep_mul_broadcast_f32(const ep_range_f32_t* p, const ep_broadcast_t* loops,
                          const float* a, const float* b, float* y)
{
    const ep_range_f32_t local = *p; /* y might alias p for all the compiler knows */
    const int32_t step_a = loops->steps_a[EP_BROADCAST_LAST];
    const int32_t step_b = loops->steps_b[EP_BROADCAST_LAST];
    ep_broadcast_at_t at = {{0}, 0, 0};
    do {
        const float* one = a + at.a;
        const float* two = b + at.b;
        for (int32_t i = loops->sizes[EP_BROADCAST_LAST]; i > 0; i--) {
            *y++ = ep_clamp_f32(*one * *two, local.low, local.high);
            one += step_a;
            two += step_b;
        }
    } while (ep_broadcast_next(loops, &at));
}
