/* SPDX-License-Identifier: MIT-0 */
/* Batches of matrices to multiply. */
#ifndef EP_MATMUL_H
#define EP_MATMUL_H

#include <stdbool.h>
#include <stdint.h>

#define EP_MATMUL_RANK 3 /* of the batches */

/// y[rows][columns] = a[rows][depth] * b[depth][columns], for every batch.
typedef struct {
    int32_t batches[EP_MATMUL_RANK]; /* outermost first */
    int32_t steps_a[EP_MATMUL_RANK]; /* elements from a matrix to the next; 0 where it repeats */
    int32_t steps_b[EP_MATMUL_RANK];
    int32_t rows; /* all three at least 1 */
    int32_t depth;
    int32_t columns;
    bool flip_a; /* a lies in memory as [depth][rows] */
    bool flip_b; /* b lies in memory as [columns][depth] */
} ep_matmul_t;

/// A batch: where its matrices start. Start with zeros.
typedef struct {
    int32_t index[EP_MATMUL_RANK];
    int32_t a;
    int32_t b;
} ep_matmul_at_t;

/// Goes to the next batch; false behind the last.
static inline bool ep_matmul_next(const ep_matmul_t* p, ep_matmul_at_t* at)
{
    for (int32_t i = EP_MATMUL_RANK - 1; i >= 0; i--) {
        at->index[i]++;
        at->a += p->steps_a[i];
        at->b += p->steps_b[i];
        if (at->index[i] < p->batches[i]) {
            return true;
        }
        at->index[i] = 0;
        at->a -= p->batches[i] * p->steps_a[i];
        at->b -= p->batches[i] * p->steps_b[i];
    }
    return false;
}

#endif
