/* SPDX-License-Identifier: MIT-0 */
#include "ep_sparse_nm_s8.h"

#include "ep_sparse.h"

#define HEAD 1 /* bytes before the rows */

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

/* Inlined where one and two pixels are made, it would be there twice. */
static __attribute__((noinline)) void
columns(const ep_columns_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
        const int32_t* multipliers, const int8_t* codes, int8_t* y0, int8_t* y1)
{
    ep_sparse_columns(row, HEAD, p, x, w, bias, multipliers, codes, y0, y1);
}

void ep_sparse_nm_conv_s8(const ep_conv_2d_t* p, const int8_t* x, const int8_t* w,
                           const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                           int8_t* scratch, int8_t* y)
{
    ep_conv_pairs(p, columns, 0, x, w, bias, multipliers, codes, scratch, y);
}

void ep_sparse_nm_dense_s8(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w,
                            const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                            int8_t* y)
{
    ep_sparse_dense(row, HEAD, p, x, w, bias, multipliers, codes, y);
}
