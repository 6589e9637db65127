/* SPDX-License-Identifier: MIT-0 */
/* The loops of a kernel on two operands that broadcast, around one element's function. */
#ifndef EP_BINARY_H
#define EP_BINARY_H

#include "ep_broadcast.h"

/// The body of a kernel with `loops`, `a`, `b` and `y`; `element` is an expression of the values
/// one and two.
#define EP_BINARY_BODY(in_t, element)                                   \
    {                                                                   \
        const int32_t step_a = loops->steps_a[EP_BROADCAST_LAST];       \
        const int32_t step_b = loops->steps_b[EP_BROADCAST_LAST];       \
        ep_broadcast_at_t at = {{0}, 0, 0};                             \
        do {                                                            \
            const in_t* from_a = (const in_t*)a + at.a;                 \
            const in_t* from_b = (const in_t*)b + at.b;                 \
            for (int32_t i = loops->sizes[EP_BROADCAST_LAST]; i > 0; i--) { \
                const in_t one = *from_a;                               \
                const in_t two = *from_b;                               \
                *y++ = (element);                                       \
                from_a += step_a;                                       \
                from_b += step_b;                                       \
            }                                                           \
        } while (ep_broadcast_next(loops, &at));                        \
    }

/// A kernel of that name without further parameters.
#define EP_BINARY(name, in_t, out_t, element)                                          \
    void name(const ep_broadcast_t* loops, const in_t* a, const in_t* b, out_t* y)      \
    EP_BINARY_BODY(in_t, element)

#endif
