/* SPDX-License-Identifier: MIT-0 */
#include "ep_columns_s8.h"

#include "ep_limit_s8.h"
#include "ep_rescale.h"

/* One depth of a block: 8 products from 6 loads. */
#define TAP(k)                                                                                     \
    do {                                                                                           \
        const int32_t x0 = x[2 * (k)];                                                             \
        const int32_t x1 = x[2 * (k) + 1];                                                         \
        int32_t weight = w[4 * (k)];                                                               \
        a0 += x0 * weight;                                                                         \
        b0 += x1 * weight;                                                                         \
        weight = w[4 * (k) + 1];                                                                   \
        a1 += x0 * weight;                                                                         \
        b1 += x1 * weight;                                                                         \
        weight = w[4 * (k) + 2];                                                                   \
        a2 += x0 * weight;                                                                         \
        b2 += x1 * weight;                                                                         \
        weight = w[4 * (k) + 3];                                                                   \
        a3 += x0 * weight;                                                                         \
        b3 += x1 * weight;                                                                         \
    } while (0)

/// sums[2][4] of four outputs; gives the end of w. Inlined, its loop would spill.
static __attribute__((noinline)) const int8_t*
block(const int8_t* x, const int8_t* w, const int32_t* bias, int32_t depth, int32_t* sums)
{
    int32_t a0 = bias[0];
    int32_t b0 = a0;
    int32_t a1 = bias[1];
    int32_t b1 = a1;
    int32_t a2 = bias[2];
    int32_t b2 = a2;
    int32_t a3 = bias[3];
    int32_t b3 = a3;
    const int8_t* const end = x + 2 * depth;
    const int8_t* const whole = x + 2 * (depth & ~7);
    while (x != whole) {
        TAP(0);
        TAP(1);
        TAP(2);
        TAP(3);
        TAP(4);
        TAP(5);
        TAP(6);
        TAP(7);
        x += 16;
        w += 32;
    }
    while (x != end) {
        TAP(0);
        x += 2;
        w += 4;
    }
    sums[0] = a0;
    sums[1] = a1;
    sums[2] = a2;
    sums[3] = a3;
    sums[4] = b0;
    sums[5] = b1;
    sums[6] = b2;
    sums[7] = b3;
    return w;
}

/// The same for one output and sums[2].
static const int8_t* single(const int8_t* x, const int8_t* w, int32_t bias, int32_t depth,
                            int32_t* sums)
{
    int32_t a = bias;
    int32_t b = bias;
    for (const int8_t* const end = w + depth; w != end; w++) {
        const int32_t weight = *w;
        a += x[0] * weight;
        b += x[1] * weight;
        x += 2;
    }
    sums[0] = a;
    sums[1] = b;
    return w;
}

/// Writes count outputs of both columns.
static void finish(int32_t zero_term, const int32_t* sums, int32_t count,
                   const int32_t* multipliers, const int8_t* codes, int8_t* y0, int8_t* y1)
{
    for (int32_t lane = 0; lane < 2; lane++) {
        for (int32_t i = 0; i < count; i++) {
            y0[i] = ep_saturate(ep_rescale(*sums++, multipliers[i], codes[i], zero_term));
        }
        y0 = y1;
    }
}

void ep_columns_s8(const ep_columns_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                   const int32_t* multipliers, const int8_t* codes, int8_t* y0, int8_t* y1)
{
    const int32_t outputs = p->outputs;
    int32_t sums[8];
    int32_t at = 0;
    for (; at + 4 <= outputs; at += 4) {
        w = block(x, w, &bias[at], p->depth, sums);
        finish(p->zero_term, sums, 4, &multipliers[at], &codes[at], &y0[at], &y1[at]);
    }
    for (; at < outputs; at++) {
        w = single(x, w, bias[at], p->depth, sums);
        finish(p->zero_term, sums, 1, &multipliers[at], &codes[at], &y0[at], &y1[at]);
    }
    ep_limit_s8(y0, outputs, p->low, p->high);
    ep_limit_s8(y1, outputs, p->low, p->high);
}
