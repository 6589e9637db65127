/* SPDX-License-Identifier: MIT-0 */
#include "ep_matmul_hybrid.h"

#include <stddef.h>

/// Row i of a matrix that lies in memory as [depth][rows].
static void gather(const ep_matmul_t* p, const float* a, int32_t i, float* row)
{
    for (int32_t k = 0; k < p->depth; k++) {
        row[k] = a[k * p->rows + i];
    }
}

void ep_matmul_hybrid(const ep_matmul_t* p, const ep_hybrid_sums_t* sums, const float* a,
                      const int8_t* b, const int32_t* totals, const float* scales,
                      const float* bias, float* scratch, float* y)
{
    int8_t* const stored = (int8_t*)(p->flip_a ? (scratch + p->depth) : scratch);
    ep_matmul_at_t at = {{0}, 0, 0};
    do {
        const int32_t* const own = (totals != NULL) ? (totals + at.b / p->depth) : NULL;
        for (int32_t i = 0; i < p->rows; i++) {
            const float* row = &a[at.a + i * p->depth];
            if (p->flip_a) {
                gather(p, &a[at.a], i, scratch);
                row = scratch;
            }
            const ep_hybrid_t way = (sums->asymmetric != 0)
                                        ? ep_hybrid_asymmetric(row, p->depth, stored)
                                        : ep_hybrid_symmetric(row, p->depth, stored);
            ep_hybrid_sums(sums, way, stored, b + at.b, own, scales, bias, y);
            y += p->columns;
        }
    } while (ep_matmul_next(p, &at));
}
