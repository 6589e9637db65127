/* SPDX-License-Identifier: MIT-0 */
/* A complex transform in passes of radix 4, the first of radix 2 where the length asks for it. A
 * kernel includes this once, after `value_t`, `pair_t` (a complex value: re, im), and
 *   pair_t scaled(pair_t a, int parts)         a / parts, as the type scales what it sums
 *   pair_t product(pair_t a, pair_t b)
 *   pair_t half_sum(pair_t a, pair_t b)        (a + b) / 2
 *   pair_t half_difference(pair_t a, pair_t b) (a - b) / 2, the imaginary part with opposite sign
 *   void undo_gain(value_t* y, uint32_t length)   divides an inverse transform, unless its passes did
 *   value_t sum(value_t a, value_t b), difference(value_t a, value_t b), negative(value_t a)
 *
 * The order of operations is that of a mixed-radix transform which decimates in time: bits depend
 * on it. Every pass reads and writes the same places, so `y` is transformed where it lies. */
#ifndef EP_FFT_PASSES_H
#define EP_FFT_PASSES_H

#include <stdbool.h>

static inline pair_t plus(pair_t a, pair_t b)
{
    return (pair_t){sum(a.re, b.re), sum(a.im, b.im)};
}

static inline pair_t minus(pair_t a, pair_t b)
{
    return (pair_t){difference(a.re, b.re), difference(a.im, b.im)};
}

static inline void pass_of_2(pair_t* y, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += 2U) {
        const pair_t a = scaled(y[i], 2);
        const pair_t b = scaled(y[i + 1U], 2);
        y[i] = plus(a, b);
        y[i + 1U] = minus(a, b);
    }
}

static inline void pass_of_4(pair_t* y, uint32_t count, uint32_t m, const pair_t* turns,
                             bool inverse)
{
    const uint32_t stride = count / (4U * m);
    for (uint32_t k = 0; k < m; k++) {
        const pair_t one = turns[k * stride];
        const pair_t two = turns[2U * k * stride];
        const pair_t three = turns[3U * k * stride];
        for (pair_t* at = y + k; at < y + count; at += 4U * m) {
            const pair_t a = scaled(at[0], 4);
            const pair_t b = product(scaled(at[m], 4), one);
            const pair_t c = product(scaled(at[2U * m], 4), two);
            const pair_t d = product(scaled(at[3U * m], 4), three);
            const pair_t even = plus(a, c);
            const pair_t odd = minus(a, c);
            const pair_t both = plus(b, d);
            const pair_t apart = minus(b, d);
            const pair_t left = {sum(odd.re, apart.im), difference(odd.im, apart.re)};
            const pair_t right = {difference(odd.re, apart.im), sum(odd.im, apart.re)};
            at[0] = plus(even, both);
            at[2U * m] = minus(even, both);
            at[m] = inverse ? right : left;
            at[3U * m] = inverse ? left : right;
        }
    }
}

static inline void transform(pair_t* y, uint32_t bits, const pair_t* turns, bool inverse)
{
    const uint32_t count = 1U << bits;
    uint32_t m = 1U;
    if ((bits & 1U) != 0U) {
        pass_of_2(y, count);
        m = 2U;
    }
    for (; m < count; m *= 4U) {
        pass_of_4(y, count, m, turns, inverse);
    }
}

/* The spectrum of 2 * count real values from the transform of them as complex ones, in place. */
static inline void split_spectrum(pair_t* y, uint32_t count, const pair_t* halves)
{
    const pair_t first = scaled(y[0], 2);
    y[0] = (pair_t){sum(first.re, first.im), 0};
    y[count] = (pair_t){difference(first.re, first.im), 0};
    for (uint32_t k = 1; k <= count / 2U; k++) {
        const pair_t front = scaled(y[k], 2);
        const pair_t back = scaled((pair_t){y[count - k].re, negative(y[count - k].im)}, 2);
        const pair_t even = plus(front, back);
        const pair_t odd = product(minus(front, back), halves[k - 1U]);
        y[k] = half_sum(even, odd);
        y[count - k] = half_difference(even, odd);
    }
}

/* The opposite: complex values, each put where the first pass of the inverse wants it. */
static inline void join_spectrum(const pair_t* x, pair_t* y, uint32_t bits, const pair_t* halves)
{
    const uint32_t count = 1U << bits;
    y[0] = scaled((pair_t){sum(x[0].re, x[count].re), difference(x[0].re, x[count].re)}, 2);
    for (uint32_t k = 1; k <= count / 2U; k++) {
        const pair_t front = scaled(x[k], 2);
        const pair_t back = scaled((pair_t){x[count - k].re, negative(x[count - k].im)}, 2);
        const pair_t even = plus(front, back);
        const pair_t odd = product(minus(front, back), halves[k - 1U]);
        const pair_t mirrored = minus(even, odd);
        y[ep_fft_place(k, bits)] = plus(even, odd);
        y[ep_fft_place(count - k, bits)] = (pair_t){mirrored.re, negative(mirrored.im)};
    }
}

static inline void real_forward(const ep_fft_t* p, const pair_t* turns, const pair_t* halves,
                                const value_t* x, value_t* y)
{
    const uint32_t count = 1U << p->bits;
    for (uint32_t batch = 0; batch < p->batches; batch++) {
        pair_t* out = (pair_t*)(void*)y;
        for (uint32_t k = 0; k < count; k++) {
            const value_t re = 2U * k < p->given ? x[2U * k] : 0;
            const value_t im = 2U * k + 1U < p->given ? x[2U * k + 1U] : 0;
            out[ep_fft_place(k, p->bits)] = (pair_t){re, im};
        }
        transform(out, p->bits, turns, false);
        split_spectrum(out, count, halves);
        x += p->given;
        y += p->length + 2U;
    }
}

static inline void real_inverse(const ep_fft_t* p, const pair_t* turns, const pair_t* halves,
                                const value_t* x, value_t* y)
{
    for (uint32_t batch = 0; batch < p->batches; batch++) {
        pair_t* out = (pair_t*)(void*)y;
        join_spectrum((const pair_t*)(const void*)x, out, p->bits, halves);
        transform(out, p->bits, turns, true);
        undo_gain(y, p->length);
        x += p->length + 2U;
        y += p->length;
    }
}

#endif
