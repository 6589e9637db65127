/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_REDUCE_H
#define EP_REDUCE_H

#include <stdbool.h>
#include <stdint.h>

#define EP_REDUCE_RANK 4

/// Loops over a tensor, outermost first, the ones that stay and the ones that are summed up; steps
/// in elements.
typedef struct {
    int32_t kept_sizes[EP_REDUCE_RANK];
    int32_t kept_steps[EP_REDUCE_RANK];
    int32_t sizes[EP_REDUCE_RANK];
    int32_t steps[EP_REDUCE_RANK];
} ep_reduce_t;

/// Where the loops are: counts, and the offset.
typedef struct {
    int32_t counts[EP_REDUCE_RANK];
    int32_t offset;
} ep_reduce_at_t;

/// On to the next element; false after the last one, and then back at the first.
bool ep_reduce_next(const int32_t* sizes, const int32_t* steps, ep_reduce_at_t* at);

#endif
