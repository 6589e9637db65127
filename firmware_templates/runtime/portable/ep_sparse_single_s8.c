/* SPDX-License-Identifier: MIT-0 */
#include "ep_sparse_single_s8.h"

#include "ep_sparse.h"

static inline const int8_t* row(const int8_t* head, const int8_t* x, const int8_t* at,
                                int32_t depth, int32_t step, int32_t* a, int32_t* b)
{
    int32_t first = *a;
    int32_t second = *b;
    int32_t count;
    (void)head;
    (void)depth;
    do {
        count = (uint8_t)*at++;
        for (int32_t n = count; n > 0; n--) {
            const int32_t weight = at[1];
            x += (int32_t)(uint8_t)at[0] * step;
            first += weight * x[0];
            if (step == 2) {
                second += weight * x[1];
            }
            x += step;
            at += 2;
        }
    } while (count == 255);
    *a = first;
    if (step == 2) {
        *b = second;
    }
    return at;
}

EP_SPARSE_DEFINE(single, row, 0);
