/* SPDX-License-Identifier: MIT-0 */
#include "ep_sparse_few_s8.h"

#include "ep_sparse.h"

#define HEAD 4 /* bytes before the rows */

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

/* Inlined where one and two pixels are made, it would be there twice. */
static __attribute__((noinline)) void
columns(const ep_columns_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
        const int32_t* multipliers, const int8_t* codes, int8_t* y0, int8_t* y1)
{
    ep_sparse_columns(row, HEAD, p, x, w, bias, multipliers, codes, y0, y1);
}

void ep_sparse_few_conv_s8(const ep_conv_2d_t* p, const int8_t* x, const int8_t* w,
                           const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                           int8_t* scratch, int8_t* y)
{
    ep_conv_pairs(p, columns, 0, x, w, bias, multipliers, codes, scratch, y);
}

void ep_sparse_few_dense_s8(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w,
                            const int32_t* bias, const int32_t* multipliers, const int8_t* codes,
                            int8_t* y)
{
    ep_sparse_dense(row, HEAD, p, x, w, bias, multipliers, codes, y);
}
