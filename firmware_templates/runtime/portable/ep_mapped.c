/* SPDX-License-Identifier: MIT-0 */
#include "ep_mapped.h"

/// Where in x the row of runs begins.
static uint32_t ep_mapped_start(const ep_mapped_t* p, const uint32_t* tables, const uint32_t* index)
{
    uint32_t start = 0;
    for (uint32_t d = 1; d < p->rank; d++) {
        tables += p->count[d - 1U];
        start += tables[index[d]];
    }
    return start;
}

/// Moves on to the next row of runs; 0 where that was the last.
static uint32_t ep_mapped_next(const ep_mapped_t* p, uint32_t* index)
{
    return p->rank - 1U - ep_walk_next(p->rank - 1U, &p->count[1], &index[1]);
}

void ep_mapped_8(const ep_mapped_t* p, const uint32_t* tables, const void* x, void* y)
{
    uint32_t index[EP_MAPPED_RANK] = {0};
    const uint32_t run = p->run;
    const uint32_t count = p->count[0];
    uint8_t* to = (uint8_t*)y;
    do {
        const uint8_t* row = (const uint8_t*)x + ep_mapped_start(p, tables, index);
        for (uint32_t i = 0; i < count; i++) {
            const uint8_t* from = &row[tables[i]];
            for (uint32_t k = 0; k < run; k++) {
                to[k] = from[k];
            }
            to += run;
        }
    } while (ep_mapped_next(p, index) != 0U);
}

void ep_mapped_32(const ep_mapped_t* p, const uint32_t* tables, const void* x, void* y)
{
    uint32_t index[EP_MAPPED_RANK] = {0};
    const uint32_t run = p->run;
    const uint32_t count = p->count[0];
    ep_word32_t* to = (ep_word32_t*)y;
    do {
        const ep_word32_t* row = (const ep_word32_t*)x + ep_mapped_start(p, tables, index);
        for (uint32_t i = 0; i < count; i++) {
            const ep_word32_t* from = &row[tables[i]];
            for (uint32_t k = 0; k < run; k++) {
                to[k] = from[k];
            }
            to += run;
        }
    } while (ep_mapped_next(p, index) != 0U);
}
