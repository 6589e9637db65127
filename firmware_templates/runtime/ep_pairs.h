/* SPDX-License-Identifier: MIT-0 */
/* Dense layers whose weights are read as 16-bit numbers that hold two rows: what the assembly does. */
#ifndef EP_PAIRS_H
#define EP_PAIRS_H

#include <stdint.h>

typedef struct {
    int32_t outputs;
    int32_t groups;    /* depth / 4, rounded up */
    int32_t zero_term; /* 2 * zero point of y + 1 */
    int32_t mantissa;  /* of ep_pairs_rows */
    int32_t shift;     /* right shift + 6, likewise */
} ep_pairs_t;

/// Widens values: 2 words of every 4, {0 and 2}{1 and 3}. x: at any address; groups: at least 1.
void ep_pairs_widen(const int8_t* x, int32_t groups, uint32_t* wide);

/// y[o] = saturate(zp_y + (bias[o] + sum_k x[k] * w[o][k]) * mantissa / 2^31 / 2^shift), rounded once.
/// wide: 2 * groups words. stream, for each 4 rows a b c d, the last ones zeros where there are fewer:
/// {bias a}{256 * bias b + bias a}{bias c}{256 * bias d + bias c}, then groups times
/// {ab of 0 and 2}{ab of 1 and 3}{cd of 0 and 2}{cd of 1 and 3}, where ab is 256 * w[b] + w[a].
/// Right shifts are in [-5, 15] and |bias| + |sums| < 2^23, which edgepack proves of every row.
void ep_pairs_rows(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream, int8_t* y);

/// The same with a scale a row: 4 mantissas and a word of shifts + 6 follow each 4 rows' weights.
void ep_pairs_channels(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream,
                       int8_t* y);

/// The same with TFLite's two roundings and a scale a row: after each 4 rows' weights come 4 mantissas,
/// then 64 + (2 * zero point + 1) * 2^(shift + 6) of each, then {shift + 6} of each in a byte. Right shifts
/// are in [1, 16]; of p, zero_term, mantissa and shift are not read.
void ep_pairs_twice(const ep_pairs_t* p, const uint32_t* wide, const uint32_t* stream, int8_t* y);

#endif
