/* SPDX-License-Identifier: MIT-0 */
#include "ep_dense_narrow.h"

#include "ep_halves.h"
#include "ep_limit_s8.h"
#include "ep_quarters.h"
#include "ep_rescale.h"

/// Adds the products of `rows` outputs, 4 or 1, to their sums; gives the end of w.
typedef const int8_t* (*dots_t)(const int8_t* x, const int8_t* w, int32_t zero, int32_t depth,
                                int32_t rows, int32_t* sums);

static const int8_t* dots_s4(const int8_t* x, const int8_t* w, int32_t zero, int32_t depth,
                             int32_t rows, int32_t* sums)
{
    (void)zero;
    if (rows == 4) {
        int32_t a = sums[0];
        int32_t b = sums[1];
        int32_t c = sums[2];
        int32_t d = sums[3];
        for (const int8_t* const end = x + depth; x != end; x++) {
            const int32_t value = *x;
            a += value * ep_low_half(w[0]);
            b += value * ep_high_half(w[0]);
            c += value * ep_low_half(w[1]);
            d += value * ep_high_half(w[1]);
            w += 2;
        }
        sums[0] = a;
        sums[1] = b;
        sums[2] = c;
        sums[3] = d;
        return w;
    }
    for (int32_t k = 0; k + 1 < depth; k += 2) {
        sums[0] += x[k] * ep_low_half(*w) + x[k + 1] * ep_high_half(*w);
        w++;
    }
    if (depth % 2 != 0) {
        sums[0] += x[depth - 1] * ep_low_half(*w++);
    }
    return w;
}

static const int8_t* dots_s2(const int8_t* x, const int8_t* w, int32_t zero, int32_t depth,
                             int32_t rows, int32_t* sums)
{
    (void)zero;
    if (rows == 4) {
        int32_t a = sums[0];
        int32_t b = sums[1];
        int32_t c = sums[2];
        int32_t d = sums[3];
        for (const int8_t* const end = x + depth; x != end; x++) {
            const int32_t value = *x;
            a += value * ep_quarter(*w, 0);
            b += value * ep_quarter(*w, 1);
            c += value * ep_quarter(*w, 2);
            d += value * ep_quarter(*w, 3);
            w++;
        }
        sums[0] = a;
        sums[1] = b;
        sums[2] = c;
        sums[3] = d;
        return w;
    }
    for (int32_t k = 0; k < depth; k++) {
        sums[0] += x[k] * ep_quarter(w[k / 4], k % 4);
    }
    return w + (depth + 3) / 4;
}

static const int8_t* dots_u8(const int8_t* x, const int8_t* w, int32_t zero, int32_t depth,
                             int32_t rows, int32_t* sums)
{
    for (const int8_t* const end = x + depth; x != end; x++) {
        for (int32_t r = 0; r < rows; r++) {
            sums[r] += *x * (*w++ - zero);
        }
    }
    return w;
}

static inline void dense(const ep_dense_narrow_t* p, dots_t dots, int32_t zero, const int8_t* x,
                         const int8_t* w, const int32_t* bias, const int32_t* multipliers,
                         const int8_t* codes, int8_t* y)
{
    const int32_t step = (p->per_channel != 0) ? 1 : 0;
    int8_t* const first = y;
    for (int32_t b = 0; b < p->batches; b++) {
        const int8_t* row = w;
        int32_t rows = 0;
        for (int32_t at = 0; at < p->outputs; at += rows) {
            int32_t sums[4];
            rows = (p->outputs - at >= 4) ? 4 : 1;
            for (int32_t r = 0; r < rows; r++) {
                sums[r] = bias[at + r];
            }
            row = dots(x, row, zero, p->depth, rows, sums);
            for (int32_t r = 0; r < rows; r++) {
                const int32_t o = (at + r) * step;
                *y++ = ep_saturate(
                    ep_rescale_once(sums[r], multipliers[o], codes[o], p->zero_term));
            }
        }
        x += p->depth;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}

void ep_dense_s4(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                 const int32_t* multipliers, const int8_t* codes, int8_t* y)
{
    dense(p, dots_s4, 0, x, w, bias, multipliers, codes, y);
}

void ep_dense_s2(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                 const int32_t* multipliers, const int8_t* codes, int8_t* y)
{
    dense(p, dots_s2, 0, x, w, bias, multipliers, codes, y);
}

void ep_dense_u8(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                 const int32_t* multipliers, const int8_t* codes, int8_t* y)
{
    dense(p, dots_u8, *w, x, w + 1, bias, multipliers, codes, y);
}
