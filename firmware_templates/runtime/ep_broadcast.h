/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_BROADCAST_H
#define EP_BROADCAST_H

#include <stdbool.h>
#include <stdint.h>

#define EP_BROADCAST_RANK 6
#define EP_BROADCAST_LAST (EP_BROADCAST_RANK - 1)

/// Nested loops over an output in the order of its memory, outermost first; steps in elements,
/// 0 along a broadcast dimension. The innermost loop is the caller's.
typedef struct {
    int32_t sizes[EP_BROADCAST_RANK];
    int32_t steps_a[EP_BROADCAST_RANK];
    int32_t steps_b[EP_BROADCAST_RANK];
} ep_broadcast_t;

/// Where the loops are: counts, and the offsets of both operands.
typedef struct {
    int32_t counts[EP_BROADCAST_LAST];
    int32_t a;
    int32_t b;
} ep_broadcast_at_t;

/// On to the next innermost loop; false after the last one.
bool ep_broadcast_next(const ep_broadcast_t* loops, ep_broadcast_at_t* at);

#endif
