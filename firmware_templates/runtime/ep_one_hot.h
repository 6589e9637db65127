/* SPDX-License-Identifier: MIT-0 */
/* ONE_HOT. */
#ifndef EP_ONE_HOT_H
#define EP_ONE_HOT_H

#include <stdint.h>

#include "ep_index.h"

typedef struct {
    uint32_t outer;   /* indices before the new dimension */
    uint32_t depth;   /* of the new dimension */
    uint32_t inner;   /* indices behind it */
    uint32_t element; /* bytes */
    uint32_t width;   /* bytes of an index: 4 or 8 */
} ep_one_hot_t;

/// y[o][d][i] = (indices[o][i] == d) ? on : off. on, off: one element. y: [outer][depth][inner];
/// it must overlap nothing else. An index outside of [0, depth) is nowhere on.
void ep_one_hot(const ep_one_hot_t* p, const void* indices, const void* on, const void* off,
                void* y);

#endif
