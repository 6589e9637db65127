/* SPDX-License-Identifier: MIT-0 */
#include "ep_extremes.h"

#define DEFINE(NAME, SUFFIX, TYPE, OPERATOR)                                                       \
    void ep_##NAME##_##SUFFIX(int32_t count, const TYPE* a, const TYPE* b, TYPE* y)                \
    {                                                                                              \
        for (int32_t i = 0; i < count; i++) {                                                      \
            y[i] = (a[i] OPERATOR b[i]) ? a[i] : b[i];                                             \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    void ep_##NAME##_broadcast_##SUFFIX(const ep_broadcast_t* loops, const TYPE* a, const TYPE* b, \
                                        TYPE* y)                                                   \
    {                                                                                              \
        const int32_t step_a = loops->steps_a[EP_BROADCAST_LAST];                                  \
        const int32_t step_b = loops->steps_b[EP_BROADCAST_LAST];                                  \
        ep_broadcast_at_t at = {{0}, 0, 0};                                                        \
        do {                                                                                       \
            const TYPE* one = a + at.a;                                                            \
            const TYPE* two = b + at.b;                                                            \
            for (int32_t i = loops->sizes[EP_BROADCAST_LAST]; i > 0; i--) {                        \
                *y++ = (*one OPERATOR *two) ? *one : *two;                                         \
                one += step_a;                                                                     \
                two += step_b;                                                                     \
            }                                                                                      \
        } while (ep_broadcast_next(loops, &at));                                                   \
    }                                                                                              \
    typedef int ep_##NAME##_##SUFFIX##_is_defined

DEFINE(maximum, s16, int16_t, >);
DEFINE(maximum, s32, int32_t, >);
DEFINE(maximum, s64, int64_t, >);
DEFINE(minimum, s16, int16_t, <);
DEFINE(minimum, s32, int32_t, <);
DEFINE(minimum, s64, int64_t, <);
