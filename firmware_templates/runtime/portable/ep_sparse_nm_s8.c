/* SPDX-License-Identifier: MIT-0 */
#include "ep_sparse_nm_s8.h"

#include "ep_sparse.h"

/* A weight and its place in its four. */
#define TAP(k, place)                                                                              \
    do {                                                                                           \
        const int8_t* const value = x + (int32_t)(place) * step;                                   \
        const int32_t weight = at[k];                                                              \
        first += weight * value[0];                                                                \
        if (step == 2) {                                                                           \
            second += weight * value[1];                                                           \
        }                                                                                          \
    } while (0)

static inline const int8_t* row(const int8_t* head, const int8_t* x, const int8_t* at,
                                int32_t depth, int32_t step, int32_t* a, int32_t* b)
{
    const int32_t of_four = head[0];
    const int32_t between = (of_four == 1) ? 4 * step : 0;
    const int8_t* const end = x + depth * step;
    int32_t first = *a;
    int32_t second = *b;
    while (x != end) {
        const uint32_t places = (uint8_t)at[0];
        TAP(1, places & 3U);
        x += between;
        TAP(2, (places >> 2) & 3U);
        x += 4 * step;
        TAP(3, (places >> 4) & 3U);
        x += between;
        TAP(4, places >> 6);
        x += 4 * step;
        at += 5;
    }
    *a = first;
    if (step == 2) {
        *b = second;
    }
    return at;
}

EP_SPARSE_DEFINE(nm, row, 1);
