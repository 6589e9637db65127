/* SPDX-License-Identifier: MIT-0 */
#include "ep_matmul_s8.h"

#include "ep_rescale.h"

/// Two rows of a, from element to element of the depth, and what their sums start with.
typedef struct {
    const int8_t* one;
    const int8_t* two;
    int32_t step;
    int32_t zero;
    int32_t start[2];
} pair_t;

/// sums[2][4] of two rows and four columns: 8 products from 6 loads.
static inline __attribute__((always_inline)) void
tile(const pair_t* rows, const int8_t* b, int32_t step_k, int32_t step_j, int32_t depth,
     int32_t* sums)
{
    const int8_t* one = rows->one;
    const int8_t* two = rows->two;
    const int32_t step = rows->step;
    const int32_t zero = rows->zero;
    int32_t p0 = rows->start[0];
    int32_t p1 = p0;
    int32_t p2 = p0;
    int32_t p3 = p0;
    int32_t q0 = rows->start[1];
    int32_t q1 = q0;
    int32_t q2 = q0;
    int32_t q3 = q0;
    for (int32_t k = 0; k < depth; k++) {
        const int32_t x = *one - zero;
        const int32_t z = *two - zero;
        int32_t factor = b[0];
        p0 += x * factor;
        q0 += z * factor;
        factor = b[step_j];
        p1 += x * factor;
        q1 += z * factor;
        factor = b[2 * step_j];
        p2 += x * factor;
        q2 += z * factor;
        factor = b[3 * step_j];
        p3 += x * factor;
        q3 += z * factor;
        one += step;
        two += step;
        b += step_k;
    }
    sums[0] = p0;
    sums[1] = p1;
    sums[2] = p2;
    sums[3] = p3;
    sums[4] = q0;
    sums[5] = q1;
    sums[6] = q2;
    sums[7] = q3;
}

/// Of a b whose columns lie side by side; apart, so that neither loop spills for the other.
static __attribute__((noinline)) void
tile_plain(const pair_t* rows, const int8_t* b, int32_t columns, int32_t depth, int32_t* sums)
{
    tile(rows, b, columns, 1, depth, sums);
}

/// Of a b that lies in memory as [columns][depth].
static __attribute__((noinline)) void
tile_flipped(const pair_t* rows, const int8_t* b, int32_t depth, int32_t* sums)
{
    tile(rows, b, 1, depth, depth, sums);
}

/// sums[0] and sums[4] of one column.
static void strip(const pair_t* rows, const int8_t* b, int32_t step_k, int32_t depth,
                  int32_t* sums)
{
    const int8_t* one = rows->one;
    const int8_t* two = rows->two;
    int32_t p = rows->start[0];
    int32_t q = rows->start[1];
    for (int32_t k = 0; k < depth; k++) {
        const int32_t factor = *b;
        p += (*one - rows->zero) * factor;
        q += (*two - rows->zero) * factor;
        one += rows->step;
        two += rows->step;
        b += step_k;
    }
    sums[0] = p;
    sums[4] = q;
}

/// -zp_b * sum_k (a[k] - zp_a)
static int32_t row_start(const ep_matmul_s8_t* p, const int8_t* a, int32_t step, int32_t depth)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < depth; k++) {
        sum += *a - p->zero_a;
        a += step;
    }
    return -p->zero_b * sum;
}

static void put(const ep_matmul_s8_t* p, const int32_t* sums, int32_t count, int8_t* y)
{
    for (int32_t i = 0; i < count; i++) {
        y[i] = ep_saturate(ep_rescale(sums[i], p->mantissa, p->code, p->zero_term));
    }
}

/// All columns of two rows; the second's results go to y1, which may be y0.
static void two_rows(const ep_matmul_t* sizes, const ep_matmul_s8_t* p, const pair_t* rows,
                     const int8_t* b, int8_t* y0, int8_t* y1)
{
    const int32_t step_k = sizes->flip_b ? 1 : sizes->columns;
    const int32_t step_j = sizes->flip_b ? sizes->depth : 1;
    int32_t count = 0;
    for (int32_t j = 0; j < sizes->columns; j += count) {
        int32_t sums[8];
        const int8_t* const from = &b[j * step_j];
        if (j + 4 > sizes->columns) {
            strip(rows, from, step_k, sizes->depth, sums);
            count = 1;
        } else {
            if (sizes->flip_b) {
                tile_flipped(rows, from, sizes->depth, sums);
            } else {
                tile_plain(rows, from, sizes->columns, sizes->depth, sums);
            }
            count = 4;
        }
        put(p, &sums[4], count, &y1[j]);
        put(p, sums, count, &y0[j]);
    }
}

void ep_matmul_s8(const ep_matmul_t* sizes, const ep_matmul_s8_t* p, const int8_t* a,
                  const int8_t* b, int8_t* y)
{
    const int32_t row_step = sizes->flip_a ? 1 : sizes->depth;
    ep_matmul_at_t at = {{0}, 0, 0};
    pair_t rows;
    rows.step = sizes->flip_a ? sizes->rows : 1;
    rows.zero = p->zero_a;
    do {
        for (int32_t i = 0; i < sizes->rows; i += 2) {
            const bool both = i + 1 < sizes->rows;
            rows.one = &a[at.a + i * row_step];
            rows.two = both ? rows.one + row_step : rows.one;
            rows.start[0] = row_start(p, rows.one, rows.step, sizes->depth);
            rows.start[1] = row_start(p, rows.two, rows.step, sizes->depth);
            two_rows(sizes, p, &rows, b + at.b, y, both ? y + sizes->columns : y);
            y += both ? 2 * sizes->columns : sizes->columns;
        }
    } while (ep_matmul_next(sizes, &at));
}
