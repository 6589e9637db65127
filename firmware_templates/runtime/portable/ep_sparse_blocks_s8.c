/* SPDX-License-Identifier: MIT-0 */
#include "ep_sparse_blocks_s8.h"

#include "ep_sparse.h"

/* A weight of a block. */
#define TAP(k)                                                                                     \
    do {                                                                                           \
        const int32_t weight = at[(k) + 1];                                                        \
        first += weight * x[(k) * step];                                                           \
        if (step == 2) {                                                                           \
            second += weight * x[(k) * step + 1];                                                  \
        }                                                                                          \
    } while (0)

static inline const int8_t* row(const int8_t* head, const int8_t* x, const int8_t* at,
                                int32_t depth, int32_t step, int32_t* a, int32_t* b)
{
    const int8_t* const rest = x + (depth - depth % 4) * step;
    int32_t first = *a;
    int32_t second = *b;
    int32_t count;
    (void)head;
    do {
        count = (uint8_t)*at++;
        for (int32_t n = count; n > 0; n--) {
            x += (int32_t)(uint8_t)at[0] * 4 * step;
            TAP(0);
            TAP(1);
            TAP(2);
            TAP(3);
            x += 4 * step;
            at += 5;
        }
    } while (count == 255);
    x = rest;
    for (int32_t k = depth % 4; k > 0; k--) {
        const int32_t weight = *at++;
        first += weight * x[0];
        if (step == 2) {
            second += weight * x[1];
        }
        x += step;
    }
    *a = first;
    if (step == 2) {
        *b = second;
    }
    return at;
}

EP_SPARSE_DEFINE(blocks, row, 0);
