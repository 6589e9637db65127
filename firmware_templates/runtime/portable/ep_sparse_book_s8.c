/* SPDX-License-Identifier: MIT-0 */
#include "ep_sparse_book_s8.h"

#include "ep_sparse.h"

static inline const int8_t* row(const int8_t* head, const int8_t* x, const int8_t* at,
                                int32_t depth, int32_t step, int32_t* a, int32_t* b)
{
    const int8_t* const end = x + (depth - depth % 2) * step;
    int32_t first = *a;
    int32_t second = *b;
    while (x != end) {
        const uint32_t places = (uint8_t)*at++;
        const int32_t one = head[places & 15U];
        const int32_t other = head[places >> 4];
        first += one * x[0] + other * x[step];
        if (step == 2) {
            second += one * x[1] + other * x[step + 1];
        }
        x += 2 * step;
    }
    if (depth % 2 != 0) {
        const int32_t one = head[(uint8_t)*at++ & 15U];
        first += one * x[0];
        if (step == 2) {
            second += one * x[1];
        }
    }
    *a = first;
    if (step == 2) {
        *b = second;
    }
    return at;
}

EP_SPARSE_DEFINE(book, row, 16);
