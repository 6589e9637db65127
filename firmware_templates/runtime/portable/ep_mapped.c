/* SPDX-License-Identifier: MIT-0 */
#include "ep_mapped.h"

/// count runs of `run` bytes, from the places that the table names.
static uint8_t* ep_mapped_row(const ep_mapped_t* p, const uint32_t* table, const uint8_t* from,
                              uint8_t* to)
{
    const uint32_t run = p->run;
    for (uint32_t i = 0; i < p->count[0]; i++) {
        if (run == 1U) {
            to[0] = from[table[i]];
        } else {
            __builtin_memcpy(to, &from[table[i]], run);
        }
        to += run;
    }
    return to;
}

void ep_mapped(const ep_mapped_t* p, const uint32_t* tables, const void* x, void* y)
{
    uint32_t index[EP_MAPPED_RANK] = {0};
    uint8_t* to = (uint8_t*)y;
    uint32_t dimension = 0;
    do {
        const uint32_t* table = tables;
        uint32_t start = 0;
        for (uint32_t d = 1; d < p->rank; d++) {
            table += p->count[d - 1U];
            start += table[index[d]];
        }
        to = ep_mapped_row(p, tables, (const uint8_t*)x + start, to);
        for (dimension = 1; dimension < p->rank; dimension++) {
            index[dimension]++;
            if (index[dimension] < p->count[dimension]) {
                break;
            }
            index[dimension] = 0;
        }
    } while (dimension < p->rank);
}
