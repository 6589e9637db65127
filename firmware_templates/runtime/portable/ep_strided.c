/* SPDX-License-Identifier: MIT-0 */
#include "ep_strided.h"

#define STRIDED(NAME, ELEMENT)                                                                     \
    void NAME(const ep_walk_t* p, const void* x, void* y)                                          \
    {                                                                                              \
        uint32_t index[EP_WALK_RANK] = {0};                                                        \
        const uint32_t inner = p->inner;                                                           \
        const int32_t inner_step = p->inner_step;                                                  \
        const ELEMENT* from = (const ELEMENT*)x + p->start;                                        \
        ELEMENT* to = (ELEMENT*)y;                                                                 \
        for (;;) {                                                                                 \
            for (uint32_t i = 0; i < inner; i++) {                                                 \
                to[i] = from[(int32_t)i * inner_step];                                             \
            }                                                                                      \
            to += inner;                                                                           \
            const uint32_t moved = ep_walk_next(p->rank, p->count, index);                         \
            if (moved == p->rank) {                                                                \
                return;                                                                            \
            }                                                                                      \
            from += p->step[moved];                                                                \
        }                                                                                          \
    }

STRIDED(ep_strided_8, uint8_t)
STRIDED(ep_strided_16, ep_word16_t)
STRIDED(ep_strided_32, ep_word32_t)
STRIDED(ep_strided_64, ep_word64_t)
