/* SPDX-License-Identifier: MIT-0 */
#include "ep_dense_steps_s8.h"

#include "ep_dense_block.h"
#include "ep_limit_s8.h"

/// How many of the steps a sum reaches.
static int32_t reached(const int32_t* steps, int32_t sum)
{
    int32_t low = 0;
    int32_t high = EP_DENSE_STEPS;
    while (low < high) {
        const int32_t middle = (low + high) / 2;
        if (steps[middle] <= sum) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/// All outputs of one batch.
static void row(const ep_dense_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                const int32_t* steps, int32_t stride, int8_t* y)
{
    int32_t count = 0;
    for (int32_t left = p->outputs; left > 0; left -= count) {
        int32_t sums[4];
        if (left >= 4) {
            w = ep_dense_block(x, w, p->depth, bias, sums);
            count = 4;
        } else {
            w = ep_dense_single(x, w, p->depth, bias, sums);
            count = 1;
        }
        bias += count;
        for (int32_t i = 0; i < count; i++) {
            *y++ = (int8_t)(reached(steps, sums[i]) - 128);
            steps += stride;
        }
    }
}

void ep_dense_steps_s8(const ep_dense_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                       const int32_t* steps, int32_t stride, int8_t* y)
{
    int8_t* const first = y;
    for (int32_t b = 0; b < p->batches; b++) {
        row(p, x, w, bias, steps, stride, y);
        x += p->depth;
        y += p->outputs;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}
