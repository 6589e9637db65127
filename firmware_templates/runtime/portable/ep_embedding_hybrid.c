/* SPDX-License-Identifier: MIT-0 */
#include "ep_embedding_hybrid.h"

#include "ep_index.h"

void ep_embedding_hybrid(const ep_embedding_t* p, const int32_t* ids, const int8_t* table,
                         const float* scales, float* y)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const uint32_t row = ep_index_bounded(ids[i], p->rows - 1U);
        const int8_t* const from = &table[row * p->width];
        const float scale = scales[(p->each != 0U) ? row : 0U];
        for (uint32_t k = 0; k < p->width; k++) {
            *y++ = (float)from[k] * scale;
        }
    }
}
