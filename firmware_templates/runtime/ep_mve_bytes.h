/* SPDX-License-Identifier: MIT-0 */
/* Bytes moved or cut 16 at a time, the last ones under the loop's own predicate. */
#ifndef EP_MVE_BYTES_H
#define EP_MVE_BYTES_H

#include <stdint.h>

/// Copies count bytes, perhaps none; gives the place behind them.
static inline int8_t* ep_mve_copy(int8_t* to, const int8_t* from, int32_t count)
{
    int8_t* at = to;
    __asm volatile("wlstp.8 lr, %[count], 2f\n"
                   "1:\n\t"
                   "vldrb.u8 q0, [%[from]], #16\n\t"
                   "vstrb.8 q0, [%[at]], #16\n\t"
                   "letp lr, 1b\n"
                   "2:"
                   : [at] "+r"(at), [from] "+r"(from)
                   : [count] "r"(count)
                   : "lr", "d0", "d1", "memory");
    return to + count;
}

/// Writes count bytes of one value, perhaps none; gives the place behind them.
static inline int8_t* ep_mve_fill(int8_t* to, int8_t value, int32_t count)
{
    int8_t* at = to;
    __asm volatile("vdup.8 q0, %[value]\n\t"
                   "wlstp.8 lr, %[count], 2f\n"
                   "1:\n\t"
                   "vstrb.8 q0, [%[at]], #16\n\t"
                   "letp lr, 1b\n"
                   "2:"
                   : [at] "+r"(at)
                   : [value] "r"((int32_t)value), [count] "r"(count)
                   : "lr", "d0", "d1", "memory");
    return to + count;
}

/// Clamps count values to [low, high]; nothing to do where that is all of int8.
static inline void ep_mve_limit(int8_t* y, int32_t count, int32_t low, int32_t high)
{
    int8_t* at = y;
    if (low == INT8_MIN && high == INT8_MAX) {
        return;
    }
    __asm volatile("vdup.8 q1, %[low]\n\t"
                   "vdup.8 q2, %[high]\n\t"
                   "wlstp.8 lr, %[count], 2f\n"
                   "1:\n\t"
                   "vldrb.u8 q0, [%[at]]\n\t"
                   "vmax.s8 q0, q0, q1\n\t"
                   "vmin.s8 q0, q0, q2\n\t"
                   "vstrb.8 q0, [%[at]], #16\n\t"
                   "letp lr, 1b\n"
                   "2:"
                   : [at] "+r"(at)
                   : [low] "r"(low), [high] "r"(high), [count] "r"(count)
                   : "lr", "d0", "d1", "d2", "d3", "d4", "d5", "memory");
}

#endif
