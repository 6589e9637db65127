/* SPDX-License-Identifier: MIT-0 */
/* Indices that a model computes: read at any width, and never beyond what they index. */
#ifndef EP_INDEX_H
#define EP_INDEX_H

#include <stdint.h>

/// Element i of an array of int16 (width 2), int32 (4) or int64 (8) indices.
static inline int64_t ep_index_at(const void* indices, uint32_t width, uint32_t i)
{
    if (width == 8U) {
        return ((const int64_t*)indices)[i];
    }
    if (width == 2U) {
        return ((const int16_t*)indices)[i];
    }
    return ((const int32_t*)indices)[i];
}

/// The nearest index in [0, limit].
static inline uint32_t ep_index_bounded(int64_t index, uint32_t limit)
{
    if (index < 0) {
        return 0;
    }
    return (index > (int64_t)limit) ? limit : (uint32_t)index;
}

#endif
