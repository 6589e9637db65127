/* SPDX-License-Identifier: MIT-0 */
#include "ep_few_1x1_s8.h"

#include "ep_limit_s8.h"

#define READ 8 /* bytes of a pixel and what follows it */

void ep_few_1x1_s8(const ep_few_1x1_t* p, int32_t pixels, const int8_t* x, const uint32_t* stream,
                   int8_t* y)
{
    const int32_t depth = p->depth;
    /* the last pixels, behind which there are not enough bytes */
    const int32_t behind = (READ - 1) / depth;
    const int32_t left = (depth == READ) ? 0 : (behind < pixels) ? behind : pixels;
    ep_few_t run = {.outputs = p->outputs, .step = depth, .pixels = pixels - left};
    int8_t* const first = y;
    if (run.pixels > 0) {
        ep_few(&run, x, stream, y);
        x += run.pixels * depth;
        y += run.pixels * p->outputs;
    }
    run.pixels = 1;
    for (int32_t i = left; i > 0; i--) {
        int8_t copy[READ] = {0};
        for (int32_t k = 0; k < depth; k++) {
            copy[k] = *x++;
        }
        ep_few(&run, copy, stream, y);
        y += p->outputs;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}
