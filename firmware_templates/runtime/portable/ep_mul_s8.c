/* SPDX-License-Identifier: MIT-0 */
#include "ep_mul_s8.h"

#include "ep_rescale.h"

static inline int8_t element(const ep_mul_s8_t* p, int32_t a, int32_t b)
{
    const int32_t value = (a - p->zero_a) * (b - p->zero_b) * (1 << p->left);
    const int32_t high = ep_high_word(value, p->mantissa) + ((value >> 31) & p->below);
    return (int8_t)ep_clamp(((high + p->nudge) >> p->shift) + p->zero, p->low, p->high);
}

void ep_mul_s8(const ep_mul_s8_t* p, int32_t count, const int8_t* a, const int8_t* b, int8_t* y)
{
    const ep_mul_s8_t local = *p; /* y might alias p for all the compiler knows */
    for (int32_t i = 0; i < count; i++) {
        y[i] = element(&local, a[i], b[i]);
    }
}

void ep_mul_broadcast_s8(const ep_mul_s8_t* p, const ep_broadcast_t* loops,
                         const int8_t* a, const int8_t* b, int8_t* y)
{
    const ep_mul_s8_t local = *p; /* y might alias p for all the compiler knows */
    const int32_t step_a = loops->steps_a[EP_BROADCAST_LAST];
    const int32_t step_b = loops->steps_b[EP_BROADCAST_LAST];
    ep_broadcast_at_t at = {{0}, 0, 0};
    do {
        const int8_t* one = a + at.a;
        const int8_t* two = b + at.b;
        for (int32_t i = loops->sizes[EP_BROADCAST_LAST]; i > 0; i--) {
            *y++ = element(&local, *one, *two);
            one += step_a;
            two += step_b;
        }
    } while (ep_broadcast_next(loops, &at));
}
