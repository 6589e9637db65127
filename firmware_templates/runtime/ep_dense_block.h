/* SPDX-License-Identifier: MIT-0 */
/* The sums of a dense layer, four outputs at a time. */
#ifndef EP_DENSE_BLOCK_H
#define EP_DENSE_BLOCK_H

#include <stdint.h>

#define EP_DENSE_TAP(k)                                                                            \
    do {                                                                                           \
        const int32_t value = x[k];                                                                \
        a += value * w[4 * (k)];                                                                   \
        b += value * w[4 * (k) + 1];                                                               \
        c += value * w[4 * (k) + 2];                                                               \
        d += value * w[4 * (k) + 3];                                                               \
    } while (0)

/// sums[o] = bias[o] + sum_k x[k] * w[k][o] for four outputs; gives the end of w.
static inline const int8_t* ep_dense_block(const int8_t* x, const int8_t* w, int32_t depth,
                                           const int32_t* bias, int32_t* sums)
{
    int32_t a = bias[0];
    int32_t b = bias[1];
    int32_t c = bias[2];
    int32_t d = bias[3];
    const int8_t* const end = x + depth;
    const int8_t* const whole = x + (depth & ~7);
    while (x != whole) {
        EP_DENSE_TAP(0);
        EP_DENSE_TAP(1);
        EP_DENSE_TAP(2);
        EP_DENSE_TAP(3);
        EP_DENSE_TAP(4);
        EP_DENSE_TAP(5);
        EP_DENSE_TAP(6);
        EP_DENSE_TAP(7);
        x += 8;
        w += 32;
    }
    while (x != end) {
        EP_DENSE_TAP(0);
        x++;
        w += 4;
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
    return w;
}

/// The same for one output.
static inline const int8_t* ep_dense_single(const int8_t* x, const int8_t* w, int32_t depth,
                                            const int32_t* bias, int32_t* sum)
{
    int32_t total = *bias;
    for (const int8_t* const end = w + depth; w != end; w++) {
        total += *x++ * *w;
    }
    *sum = total;
    return w;
}

#endif
