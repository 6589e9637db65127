/* SPDX-License-Identifier: MIT-0 */
#include "ep_one_hot.h"

void ep_one_hot(const ep_one_hot_t* p, const void* indices, const void* on, const void* off,
                void* y)
{
    uint8_t* to = (uint8_t*)y;
    for (uint32_t outer = 0; outer < p->outer; outer++) {
        for (uint32_t d = 0; d < p->depth; d++) {
            for (uint32_t inner = 0; inner < p->inner; inner++) {
                const int64_t index = ep_index_at(indices, p->width, outer * p->inner + inner);
                __builtin_memcpy(to, (index == (int64_t)d) ? on : off, p->element);
                to += p->element;
            }
        }
    }
}
