/* SPDX-License-Identifier: MIT-0 */
#include "ep_swar_1x1_s8.h"

#include "ep_swar_pack.h"

static void run(const ep_swar_t* p, ep_swar_way_t way, int32_t pixels, int32_t depth,
                const int8_t* x, const int8_t* w, const uint32_t* rows, int8_t* scratch,
                int8_t* y)
{
    uint32_t* const words = (uint32_t*)(void*)scratch;
    for (; pixels >= 4; pixels -= 4) {
        const int8_t* const four[4] = {x, x + depth, x + 2 * depth, x + 3 * depth};
        (void)ep_swar_pack(four, depth, words);
        way(p, words, w, rows, y, p->outputs);
        x += 4 * depth;
        y += 4 * p->outputs;
    }
    for (; pixels > 0; pixels--) {
        const int8_t* const same[4] = {x, x, x, x};
        (void)ep_swar_pack(same, depth, words);
        way(p, words, w, rows, y, 0);
        x += depth;
        y += p->outputs;
    }
}

void ep_swar_1x1_s8(const ep_swar_t* p, int32_t pixels, int32_t depth, const int8_t* x,
                    const int8_t* w, const uint32_t* rows, int8_t* scratch, int8_t* y)
{
    run(p, ep_swar_s8, pixels, depth, x, w, rows, scratch, y);
}

void ep_swar_1x1_signed_s8(const ep_swar_t* p, int32_t pixels, int32_t depth, const int8_t* x,
                           const int8_t* w, const uint32_t* rows, int8_t* scratch, int8_t* y)
{
    run(p, ep_swar_signed_s8, pixels, depth, x, w, rows, scratch, y);
}
