/* SPDX-License-Identifier: MIT-0 */
/* Elements of any type, moved by size, and the order in which a tensor is walked over. */
#ifndef EP_WORDS_H
#define EP_WORDS_H

#include <stdint.h>

/* They may alias any type. */
typedef uint16_t __attribute__((may_alias)) ep_word16_t;
typedef uint32_t __attribute__((may_alias)) ep_word32_t;
typedef uint64_t __attribute__((may_alias)) ep_word64_t;

#define EP_WALK_RANK 5 /* dimensions beside the innermost one */

/// Element i of row (j_0, j_1, ...), rows counted innermost first, lies at
/// start + sum over the moves before of step + i * inner_step.
typedef struct {
    int32_t start;                /* of the first row, in elements */
    uint32_t inner;               /* elements of a row */
    int32_t inner_step;           /* from one element of a row to the next */
    uint32_t rank;                /* dimensions of rows, 0 to EP_WALK_RANK */
    uint32_t count[EP_WALK_RANK]; /* rows along each dimension, the innermost first */
    int32_t step[EP_WALK_RANK];   /* from a row to the next where that dimension moves on */
} ep_walk_t;

/// The dimension that moves on behind this row, or rank where it was the last.
/// index: EP_WALK_RANK counters, 0 at first.
static inline uint32_t ep_walk_next(uint32_t rank, const uint32_t* count, uint32_t* index)
{
    uint32_t dimension = 0;
    while (dimension < rank) {
        index[dimension]++;
        if (index[dimension] < count[dimension]) {
            break;
        }
        index[dimension] = 0;
        dimension++;
    }
    return dimension;
}

#endif
