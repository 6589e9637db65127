/* SPDX-License-Identifier: MIT-0 */
#include "ep_pad.h"

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

#define PAD(BITS)                                                                                  \
    static ep_word##BITS##_t* fill_##BITS(ep_word##BITS##_t* y, uint##BITS##_t value,              \
                                          uint32_t count)                                          \
    {                                                                                              \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            y[i] = value;                                                                          \
        }                                                                                          \
        return y + count;                                                                          \
    }                                                                                              \
                                                                                                   \
    void ep_pad_##BITS(const ep_pad_t* p, uint##BITS##_t value, const void* x, void* y)            \
    {                                                                                              \
        uint32_t index[EP_WALK_RANK] = {0};                                                        \
        const ep_word##BITS##_t* from = (const ep_word##BITS##_t*)x;                               \
        ep_word##BITS##_t* to = (ep_word##BITS##_t*)y;                                             \
        uint32_t gap = p->lead;                                                                    \
        uint32_t moved = 0;                                                                        \
        do {                                                                                       \
            to = fill_##BITS(to, value, gap);                                                      \
            for (uint32_t i = 0; i < p->run; i++) {                                                \
                to[i] = from[i];                                                                   \
            }                                                                                      \
            to += p->run;                                                                          \
            from += p->run;                                                                        \
            moved = ep_walk_next(p->rank, p->count, index);                                        \
            gap = (moved < p->rank) ? p->gap[moved] : p->tail;                                     \
        } while (moved < p->rank);                                                                 \
        (void)fill_##BITS(to, value, gap);                                                         \
    }

PAD(16)
PAD(32)
PAD(64)
