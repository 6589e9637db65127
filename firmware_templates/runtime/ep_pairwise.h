/* SPDX-License-Identifier: MIT-0 */
/* One function of two operands as a plain loop, and as one that broadcasts them. */
#ifndef EP_PAIRWISE_H
#define EP_PAIRWISE_H

#include "ep_broadcast.h"

/// The two contracts of a kernel that takes parameters of type PARAMS.
#define EP_PAIRWISE_DECLARE(PLAIN, BROADCAST, PARAMS, TYPE)                                        \
    void PLAIN(const PARAMS* p, int32_t count, const TYPE* a, const TYPE* b, TYPE* y);             \
    void BROADCAST(const PARAMS* p, const ep_broadcast_t* loops, const TYPE* a, const TYPE* b,     \
                   TYPE* y)

/* y = RESULT, which reads *one and *two, in the order of `loops`. */
#define EP_PAIRWISE_LOOPS(TYPE, RESULT)                                                            \
    const int32_t step_a = loops->steps_a[EP_BROADCAST_LAST];                                      \
    const int32_t step_b = loops->steps_b[EP_BROADCAST_LAST];                                      \
    ep_broadcast_at_t at = {{0}, 0, 0};                                                            \
    do {                                                                                           \
        const TYPE* one = a + at.a;                                                                \
        const TYPE* two = b + at.b;                                                                \
        for (int32_t i = loops->sizes[EP_BROADCAST_LAST]; i > 0; i--) {                            \
            *y++ = RESULT;                                                                         \
            one += step_a;                                                                         \
            two += step_b;                                                                         \
        }                                                                                          \
    } while (ep_broadcast_next(loops, &at))

/// Their code: `TYPE ELEMENT(const PARAMS* p, TYPE a, TYPE b)`, a function or a macro, is inlined
/// into both loops.
#define EP_PAIRWISE_DEFINE(PLAIN, BROADCAST, PARAMS, TYPE, ELEMENT)                                \
    void PLAIN(const PARAMS* p, int32_t count, const TYPE* a, const TYPE* b, TYPE* y)              \
    {                                                                                              \
        const PARAMS local = *p; /* y might alias p for all the compiler knows */                  \
        for (int32_t i = 0; i < count; i++) {                                                      \
            y[i] = ELEMENT(&local, a[i], b[i]);                                                    \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    void BROADCAST(const PARAMS* p, const ep_broadcast_t* loops, const TYPE* a, const TYPE* b,     \
                   TYPE* y)                                                                        \
    {                                                                                              \
        const PARAMS local = *p;                                                                   \
        EP_PAIRWISE_LOOPS(TYPE, ELEMENT(&local, *one, *two));                                      \
    }                                                                                              \
    typedef int PLAIN##_is_defined /* so that a semicolon follows */

/// The code of a kernel without parameters: a where `a OPERATOR b`, else b.
#define EP_PAIRWISE_CHOOSE(PLAIN, BROADCAST, TYPE, OPERATOR)                                       \
    void PLAIN(int32_t count, const TYPE* a, const TYPE* b, TYPE* y)                               \
    {                                                                                              \
        for (int32_t i = 0; i < count; i++) {                                                      \
            y[i] = (a[i] OPERATOR b[i]) ? a[i] : b[i];                                             \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    void BROADCAST(const ep_broadcast_t* loops, const TYPE* a, const TYPE* b, TYPE* y)             \
    {                                                                                              \
        EP_PAIRWISE_LOOPS(TYPE, (*one OPERATOR *two) ? *one : *two);                               \
    }                                                                                              \
    typedef int PLAIN##_is_defined

#endif
