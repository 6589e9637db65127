/* SPDX-License-Identifier: MIT-0 */
/* A box of a tensor at a place that the model computes: SLICE and STRIDED_SLICE read one,
 * DYNAMIC_UPDATE_SLICE writes one. It is moved to lie inside where it would not. */
#ifndef EP_BOX_H
#define EP_BOX_H

#include <stdint.h>

#include "ep_index.h"

#define EP_BOX_RANK 8

typedef struct {
    uint32_t rank;               /* dimensions, 1 to EP_BOX_RANK, the outermost first */
    uint32_t count[EP_BOX_RANK]; /* of the box */
    uint32_t size[EP_BOX_RANK];  /* of the tensor */
    uint32_t element;            /* bytes */
    uint32_t width;              /* bytes of a start: 2, 4 or 8 */
    uint32_t computed;           /* bit d: dimension d starts at starts[d], else at 0 */
    uint32_t wrap;               /* 1: a start below 0 counts from the dimension's end */
} ep_box_t;

/// box = the part of x that begins at starts [rank]. box must not overlap x or starts.
void ep_box_read(const ep_box_t* p, const void* x, const void* starts, void* box);

/// The part of y that begins at starts [rank] = box; the rest of y stays as it is.
/// y must overlap neither box nor starts.
void ep_box_write(const ep_box_t* p, const void* box, const void* starts, void* y);

#endif
