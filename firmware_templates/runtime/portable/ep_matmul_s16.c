/* SPDX-License-Identifier: MIT-0 */
#include "ep_matmul_s16.h"

#include "ep_wide.h"

/// sums[2] of one row and two columns.
static void twins(const int16_t* a, int32_t step_a, const int16_t* b, int32_t step_k,
                  int32_t step_j, int32_t depth, int64_t* sums)
{
    int64_t one = 0;
    int64_t two = 0;
    for (int32_t k = 0; k < depth; k++) {
        const int32_t value = *a;
        one += value * b[0];
        two += value * b[step_j];
        a += step_a;
        b += step_k;
    }
    sums[0] = one;
    sums[1] = two;
}

/// One row of sums; a last column of its own counts twice and is put once.
static void row(const ep_matmul_t* sizes, int32_t factor, int32_t shift, const int16_t* a,
                const int16_t* b, int16_t* y)
{
    const int32_t step_a = sizes->flip_a ? sizes->rows : 1;
    const int32_t step_k = sizes->flip_b ? 1 : sizes->columns;
    const int32_t step_j = sizes->flip_b ? sizes->depth : 1;
    for (int32_t j = 0; j < sizes->columns; j += 2) {
        const bool both = j + 1 < sizes->columns;
        int64_t sums[2];
        twins(a, step_a, &b[j * step_j], step_k, both ? step_j : 0, sizes->depth, sums);
        y[j] = ep_saturate_s16(ep_requantize_wide(sums[0], factor, shift));
        if (both) {
            y[j + 1] = ep_saturate_s16(ep_requantize_wide(sums[1], factor, shift));
        }
    }
}

void ep_matmul_s16(const ep_matmul_t* sizes, int32_t factor, int32_t shift, const int16_t* a,
                   const int16_t* b, int16_t* y)
{
    const int32_t row_step = sizes->flip_a ? 1 : sizes->depth;
    ep_matmul_at_t at = {{0}, 0, 0};
    do {
        for (int32_t i = 0; i < sizes->rows; i++) {
            row(sizes, factor, shift, &a[at.a + i * row_step], b + at.b, y);
            y += sizes->columns;
        }
    } while (ep_matmul_next(sizes, &at));
}
