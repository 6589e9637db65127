/* SPDX-License-Identifier: MIT-0 */
#include "ep_strided.h"

void ep_strided_8(const ep_walk_t* p, const void* x, void* y)
{
    uint32_t index[EP_WALK_RANK] = {0};
    const uint32_t inner = p->inner;
    const int32_t inner_step = p->inner_step;
    const uint8_t* from = (const uint8_t*)x + p->start;
    uint8_t* to = (uint8_t*)y;
    for (;;) {
        for (uint32_t i = 0; i < inner; i++) {
            to[i] = from[(int32_t)i * inner_step];
        }
        to += inner;
        const uint32_t moved = ep_walk_next(p->rank, p->count, index);
        if (moved == p->rank) {
            return;
        }
        from += p->step[moved];
    }
}

void ep_strided_16(const ep_walk_t* p, const void* x, void* y)
{
    uint32_t index[EP_WALK_RANK] = {0};
    const uint32_t inner = p->inner;
    const int32_t inner_step = p->inner_step;
    const ep_word16_t* from = (const ep_word16_t*)x + p->start;
    ep_word16_t* to = (ep_word16_t*)y;
    for (;;) {
        for (uint32_t i = 0; i < inner; i++) {
            to[i] = from[(int32_t)i * inner_step];
        }
        to += inner;
        const uint32_t moved = ep_walk_next(p->rank, p->count, index);
        if (moved == p->rank) {
            return;
        }
        from += p->step[moved];
    }
}

void ep_strided_32(const ep_walk_t* p, const void* x, void* y)
{
    uint32_t index[EP_WALK_RANK] = {0};
    const uint32_t inner = p->inner;
    const int32_t inner_step = p->inner_step;
    const ep_word32_t* from = (const ep_word32_t*)x + p->start;
    ep_word32_t* to = (ep_word32_t*)y;
    for (;;) {
        for (uint32_t i = 0; i < inner; i++) {
            to[i] = from[(int32_t)i * inner_step];
        }
        to += inner;
        const uint32_t moved = ep_walk_next(p->rank, p->count, index);
        if (moved == p->rank) {
            return;
        }
        from += p->step[moved];
    }
}

void ep_strided_64(const ep_walk_t* p, const void* x, void* y)
{
    uint32_t index[EP_WALK_RANK] = {0};
    const uint32_t inner = p->inner;
    const int32_t inner_step = p->inner_step;
    const ep_word64_t* from = (const ep_word64_t*)x + p->start;
    ep_word64_t* to = (ep_word64_t*)y;
    for (;;) {
        for (uint32_t i = 0; i < inner; i++) {
            to[i] = from[(int32_t)i * inner_step];
        }
        to += inner;
        const uint32_t moved = ep_walk_next(p->rank, p->count, index);
        if (moved == p->rank) {
            return;
        }
        from += p->step[moved];
    }
}
