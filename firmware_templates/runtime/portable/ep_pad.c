/* SPDX-License-Identifier: MIT-0 */
#include "ep_pad.h"

static ep_word16_t* fill_16(ep_word16_t* y, uint16_t value, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = value;
    }
    return y + count;
}

static ep_word32_t* fill_32(ep_word32_t* y, uint32_t value, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = value;
    }
    return y + count;
}

static ep_word64_t* fill_64(ep_word64_t* y, uint64_t value, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        y[i] = value;
    }
    return y + count;
}

void ep_pad_8(const ep_pad_t* p, uint8_t value, const void* x, void* y)
{
    uint32_t index[EP_WALK_RANK] = {0};
    const uint8_t* from = (const uint8_t*)x;
    uint8_t* to = (uint8_t*)y;
    uint32_t gap = p->lead;
    uint32_t moved = 0;
    do {
        __builtin_memset(to, value, gap);
        to += gap;
        __builtin_memcpy(to, from, p->run);
        to += p->run;
        from += p->run;
        moved = ep_walk_next(p->rank, p->count, index);
        gap = (moved < p->rank) ? p->gap[moved] : p->tail;
    } while (moved < p->rank);
    __builtin_memset(to, value, gap);
}

void ep_pad_16(const ep_pad_t* p, uint16_t value, const void* x, void* y)
{
    uint32_t index[EP_WALK_RANK] = {0};
    const ep_word16_t* from = (const ep_word16_t*)x;
    ep_word16_t* to = (ep_word16_t*)y;
    uint32_t gap = p->lead;
    uint32_t moved = 0;
    do {
        to = fill_16(to, value, gap);
        for (uint32_t i = 0; i < p->run; i++) {
            to[i] = from[i];
        }
        to += p->run;
        from += p->run;
        moved = ep_walk_next(p->rank, p->count, index);
        gap = (moved < p->rank) ? p->gap[moved] : p->tail;
    } while (moved < p->rank);
    (void)fill_16(to, value, gap);
}

void ep_pad_32(const ep_pad_t* p, uint32_t value, const void* x, void* y)
{
    uint32_t index[EP_WALK_RANK] = {0};
    const ep_word32_t* from = (const ep_word32_t*)x;
    ep_word32_t* to = (ep_word32_t*)y;
    uint32_t gap = p->lead;
    uint32_t moved = 0;
    do {
        to = fill_32(to, value, gap);
        for (uint32_t i = 0; i < p->run; i++) {
            to[i] = from[i];
        }
        to += p->run;
        from += p->run;
        moved = ep_walk_next(p->rank, p->count, index);
        gap = (moved < p->rank) ? p->gap[moved] : p->tail;
    } while (moved < p->rank);
    (void)fill_32(to, value, gap);
}

void ep_pad_64(const ep_pad_t* p, uint64_t value, const void* x, void* y)
{
    uint32_t index[EP_WALK_RANK] = {0};
    const ep_word64_t* from = (const ep_word64_t*)x;
    ep_word64_t* to = (ep_word64_t*)y;
    uint32_t gap = p->lead;
    uint32_t moved = 0;
    do {
        to = fill_64(to, value, gap);
        for (uint32_t i = 0; i < p->run; i++) {
            to[i] = from[i];
        }
        to += p->run;
        from += p->run;
        moved = ep_walk_next(p->rank, p->count, index);
        gap = (moved < p->rank) ? p->gap[moved] : p->tail;
    } while (moved < p->rank);
    (void)fill_64(to, value, gap);
}
