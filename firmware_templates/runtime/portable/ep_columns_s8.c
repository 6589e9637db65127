/* SPDX-License-Identifier: MIT-0 */
#include "ep_columns_s8.h"

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

/// Adds four outputs' products to sums[4][2], which hold the biases; gives the end of w.
static const int8_t* block(const int8_t* x, const int8_t* w, int32_t depth, int32_t* sums)
{
    int32_t a0 = sums[0];
    int32_t b0 = sums[1];
    int32_t a1 = sums[2];
    int32_t b1 = sums[3];
    int32_t a2 = sums[4];
    int32_t b2 = sums[5];
    int32_t a3 = sums[6];
    int32_t b3 = sums[7];
    const int8_t* const end = x + 2 * depth;
    const int8_t* const whole = x + 2 * (depth & ~3);
    while (x != whole) {
        TAP(0);
        TAP(1);
        TAP(2);
        TAP(3);
        x += 8;
        w += 16;
    }
    while (x != end) {
        TAP(0);
        x += 2;
        w += 4;
    }
    sums[0] = a0;
    sums[1] = b0;
    sums[2] = a1;
    sums[3] = b1;
    sums[4] = a2;
    sums[5] = b2;
    sums[6] = a3;
    sums[7] = b3;
    return w;
}

/// The same for one output and sums[2].
static const int8_t* single(const int8_t* x, const int8_t* w, int32_t depth, int32_t* sums)
{
    int32_t a = sums[0];
    int32_t b = sums[1];
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

/// Writes the outputs of one column from every other sum.
static void finish(const ep_columns_t* p, const int32_t* sums, int32_t count,
                   const int32_t* multipliers, const int8_t* codes, int8_t* y)
{
    const int32_t zero_term = p->zero_term;
    const int32_t low = p->low;
    const int32_t high = p->high;
    for (int32_t i = 0; i < count; i++) {
        const int32_t value = ep_rescale(sums[2 * i], multipliers[i], codes[i], zero_term);
        y[i] = (int8_t)ep_clamp(value, low, high);
    }
}

void ep_columns_s8(const ep_columns_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                   const int32_t* multipliers, const int8_t* codes, int8_t* y0, int8_t* y1)
{
    const int32_t outputs = p->outputs;
    int32_t count = 0;
    for (int32_t at = 0; at < outputs; at += count) {
        int32_t sums[8];
        count = (outputs - at >= 4) ? 4 : 1;
        for (int32_t i = 0; i < count; i++) {
            sums[2 * i] = bias[at + i];
            sums[2 * i + 1] = bias[at + i];
        }
        w = (count == 4) ? block(x, w, p->depth, sums) : single(x, w, p->depth, sums);
        finish(p, sums, count, &multipliers[at], &codes[at], &y0[at]);
        finish(p, sums + 1, count, &multipliers[at], &codes[at], &y1[at]);
    }
}
