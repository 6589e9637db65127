/* SPDX-License-Identifier: MIT-0 */
/* GATHER and GATHER_ND with indices that the model computes. An index outside of its dimension,
 * which TFLite refuses, is taken for the nearest one inside. */
#ifndef EP_GATHER_H
#define EP_GATHER_H

#include <stdint.h>

#include "ep_index.h"

typedef struct {
    uint32_t batches; /* each with indices of its own */
    uint32_t outer;   /* slices of x in a batch */
    uint32_t size;    /* of the dimension that is indexed */
    uint32_t count;   /* indices in a batch */
    uint32_t run;     /* bytes of one index's elements */
    uint32_t width;   /* bytes of an index: 2, 4 or 8 */
} ep_gather_t;

/// x: [batches][outer][size][run]; indices: [batches][count]; y: [batches][outer][count][run].
/// y must overlap neither.
void ep_take(const ep_gather_t* p, const void* x, const void* indices, void* y);

#define EP_GATHER_RANK 8

typedef struct {
    uint32_t count;                 /* index vectors */
    uint32_t depth;                 /* indices in each, 0 to EP_GATHER_RANK */
    uint32_t run;                   /* bytes that one vector names */
    uint32_t width;                 /* bytes of an index: 2, 4 or 8 */
    uint32_t size[EP_GATHER_RANK];  /* of each dimension that is indexed */
    uint32_t pitch[EP_GATHER_RANK]; /* bytes from one of its indices to the next */
} ep_gather_nd_t;

/// y[i] = the run of x at indices[i]. indices: [count][depth]; y: [count][run].
/// y must overlap neither.
void ep_take_nd(const ep_gather_nd_t* p, const void* x, const void* indices, void* y);

#endif
