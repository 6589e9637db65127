/* SPDX-License-Identifier: MIT-0 */
#include "ep_sparse_few_s8.h"

#include "ep_sparse.h"

/* A weight of a byte of places. */
#define TAP(k)                                                                                     \
    do {                                                                                           \
        const int32_t weight = head[(places >> (2 * (k))) & 3U];                                   \
        first += weight * x[(k) * step];                                                           \
        if (step == 2) {                                                                           \
            second += weight * x[(k) * step + 1];                                                  \
        }                                                                                          \
    } while (0)

static inline const int8_t* row(const int8_t* head, const int8_t* x, const int8_t* at,
                                int32_t depth, int32_t step, int32_t* a, int32_t* b)
{
    int32_t first = *a;
    int32_t second = *b;
    const int8_t* const whole = x + (depth - depth % 4) * step;
    while (x != whole) {
        const uint32_t places = (uint8_t)*at++;
        TAP(0);
        TAP(1);
        TAP(2);
        TAP(3);
        x += 4 * step;
    }
    if (depth % 4 != 0) {
        const uint32_t places = (uint8_t)*at++;
        for (int32_t k = 0; k < depth % 4; k++) {
            TAP(k);
        }
    }
    *a = first;
    if (step == 2) {
        *b = second;
    }
    return at;
}

EP_SPARSE_DEFINE(few, row, 4);
