/* SPDX-License-Identifier: MIT-0 */
#include "ep_maximum_f32.h"

void ep_maximum_f32(int32_t count, const float* a, const float* b, float* y)
{
    for (int32_t i = 0; i < count; i++) {
        y[i] = (a[i] > b[i]) ? a[i] : b[i];
    }
}

void ep_maximum_broadcast_f32(const ep_broadcast_t* loops,
                              const float* a, const float* b, float* y)
{
    const int32_t step_a = loops->steps_a[EP_BROADCAST_LAST];
    const int32_t step_b = loops->steps_b[EP_BROADCAST_LAST];
    ep_broadcast_at_t at = {{0}, 0, 0};
    do {
        const float* one = a + at.a;
        const float* two = b + at.b;
        for (int32_t i = loops->sizes[EP_BROADCAST_LAST]; i > 0; i--) {
            *y++ = (*one > *two) ? *one : *two;
            one += step_a;
            two += step_b;
        }
    } while (ep_broadcast_next(loops, &at));
}
