/* SPDX-License-Identifier: MIT-0 */
/* Dense layers over widened values. */
#ifndef EP_DENSE_WIDE_H
#define EP_DENSE_WIDE_H

#include <stdbool.h>

#include "ep_pairs.h"

typedef struct {
    ep_pairs_t rows;
    int32_t batches;
    int32_t depth;
    bool per_channel; /* a scale a row, in the stream */
    int8_t low;
    int8_t high;
} ep_dense_wide_t;

/// Makes the outputs of one widened row of values.
typedef void ep_dense_run_t(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream,
                            int8_t* y);

/// All batches. scratch: 8 * rows.groups bytes, aligned to 4. y must not overlap x.
void ep_dense_wide(const ep_dense_wide_t* p, ep_dense_run_t* run, const int8_t* x,
                   const uint32_t* stream, uint32_t* scratch, int8_t* y);

#endif
