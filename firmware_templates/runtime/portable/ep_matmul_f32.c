/* SPDX-License-Identifier: MIT-0 */
#include "ep_matmul_f32.h"

/// y[4] of one row and four columns.
static inline __attribute__((always_inline)) void
four(const float* a, int32_t step_a, const float* b, int32_t step_k, int32_t step_j,
     int32_t depth, float* y)
{
    float s0 = 0.0f;
    float s1 = 0.0f;
    float s2 = 0.0f;
    float s3 = 0.0f;
    for (int32_t k = 0; k < depth; k++) {
        const float value = *a;
        s0 += value * b[0];
        s1 += value * b[step_j];
        s2 += value * b[2 * step_j];
        s3 += value * b[3 * step_j];
        a += step_a;
        b += step_k;
    }
    y[0] = s0;
    y[1] = s1;
    y[2] = s2;
    y[3] = s3;
}

static float one(const float* a, int32_t step_a, const float* b, int32_t step_k, int32_t depth)
{
    float sum = 0.0f;
    for (int32_t k = 0; k < depth; k++) {
        sum += *a * *b;
        a += step_a;
        b += step_k;
    }
    return sum;
}

static void row(const ep_matmul_t* p, const float* a, const float* b, float* y)
{
    const int32_t step_a = p->flip_a ? p->rows : 1;
    int32_t j = 0;
    if (p->flip_b) {
        for (; j + 4 <= p->columns; j += 4) {
            four(a, step_a, &b[j * p->depth], 1, p->depth, p->depth, &y[j]);
        }
        for (; j < p->columns; j++) {
            y[j] = one(a, step_a, &b[j * p->depth], 1, p->depth);
        }
        return;
    }
    for (; j + 4 <= p->columns; j += 4) {
        four(a, step_a, &b[j], p->columns, 1, p->depth, &y[j]);
    }
    for (; j < p->columns; j++) {
        y[j] = one(a, step_a, &b[j], p->columns, p->depth);
    }
}

void ep_matmul_f32(const ep_matmul_t* p, const float* a, const float* b, float* y)
{
    const int32_t row_step = p->flip_a ? 1 : p->depth;
    ep_matmul_at_t at = {{0}, 0, 0};
    do {
        for (int32_t i = 0; i < p->rows; i++) {
            row(p, &a[at.a + i * row_step], b + at.b, y);
            y += p->columns;
        }
    } while (ep_matmul_next(p, &at));
}
