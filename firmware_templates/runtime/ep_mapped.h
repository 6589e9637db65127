/* SPDX-License-Identifier: MIT-0 */
/* Runs gathered through one table of offsets a dimension: MIRROR_PAD, RESIZE_NEAREST_NEIGHBOR,
 * TILE, BROADCAST_TO, and GATHER with constant indices. */
#ifndef EP_MAPPED_H
#define EP_MAPPED_H

#include <stdint.h>

#include "ep_words.h"

#define EP_MAPPED_RANK 8

typedef struct {
    uint32_t run;                   /* elements copied at a time */
    uint32_t rank;                  /* dimensions of runs, 1 to EP_MAPPED_RANK, innermost first */
    uint32_t count[EP_MAPPED_RANK]; /* runs along each dimension of y */
} ep_mapped_t;

/// The run of y at (j_0, j_1, ...) is that of x which starts at element T_0[j_0] + T_1[j_1] + ...
/// tables: T_0 [count[0]], T_1 [count[1]], ... one behind the other. y: runs in order, the first
/// dimension the innermost. y must not overlap x.
void ep_mapped_8(const ep_mapped_t* p, const uint32_t* tables, const void* x, void* y);
/// The same with elements of 4 bytes; x and y are aligned to them.
void ep_mapped_32(const ep_mapped_t* p, const uint32_t* tables, const void* x, void* y);

#endif
