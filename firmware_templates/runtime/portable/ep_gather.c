/* SPDX-License-Identifier: MIT-0 */
#include "ep_gather.h"

void ep_take(const ep_gather_t* p, const void* x, const void* indices, void* y)
{
    const uint8_t* from = (const uint8_t*)x;
    uint8_t* to = (uint8_t*)y;
    for (uint32_t batch = 0; batch < p->batches; batch++) {
        for (uint32_t slice = 0; slice < p->outer; slice++) {
            for (uint32_t i = 0; i < p->count; i++) {
                const int64_t index = ep_index_at(indices, p->width, batch * p->count + i);
                __builtin_memcpy(to, &from[ep_index_bounded(index, p->size - 1U) * p->run], p->run);
                to += p->run;
            }
            from += p->size * p->run;
        }
    }
}

void ep_take_nd(const ep_gather_nd_t* p, const void* x, const void* indices, void* y)
{
    const uint8_t* from = (const uint8_t*)x;
    uint8_t* to = (uint8_t*)y;
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t start = 0;
        for (uint32_t d = 0; d < p->depth; d++) {
            const int64_t index = ep_index_at(indices, p->width, i * p->depth + d);
            start += ep_index_bounded(index, p->size[d] - 1U) * p->pitch[d];
        }
        __builtin_memcpy(to, &from[start], p->run);
        to += p->run;
    }
}
