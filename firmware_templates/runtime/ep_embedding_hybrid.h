/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_EMBEDDING_HYBRID_H
#define EP_EMBEDDING_HYBRID_H

#include <stdint.h>

typedef struct {
    uint32_t count; /* rows to look up */
    uint32_t rows;  /* that there are */
    uint32_t width; /* of a row */
    uint32_t each;  /* 1: a scale a row, 0: one for all */
} ep_embedding_t;

/// y[i] = table[ids[i]] * scale, rounded once. table: [rows][width]; y: [count][width].
/// An id outside of the table, which TFLite refuses, is taken for the nearest one inside.
/// Bit-exact with TFLite's hybrid EmbeddingLookup.
void ep_embedding_hybrid(const ep_embedding_t* p, const int32_t* ids, const int8_t* table,
                         const float* scales, float* y);

#endif
