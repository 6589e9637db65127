/* SPDX-License-Identifier: MIT-0 */
/* Convolutions and dense layers whose weights are stored by what they have in common: the way through
 * a layer, one output at a time. */
#ifndef EP_SPARSE_H
#define EP_SPARSE_H

#include "ep_columns_body.h"
#include "ep_conv_pairs.h"
#include "ep_dense_narrow.h"

/// What one output's row does: adds sum_k x[k * step] * w[k] to *a and, with a step of 2,
/// sum_k x[k * step + 1] * w[k] to *b; gives the end of the row. head: the first bytes of the
/// weights, which all rows share.
typedef const int8_t* ep_sparse_row_t(const int8_t* head, const int8_t* x, const int8_t* row,
                                      int32_t depth, int32_t step, int32_t* a, int32_t* b);

/// As ep_columns.h has it; the rows begin `head` bytes behind w.
static inline void ep_sparse_columns(ep_sparse_row_t* row, int32_t head, const ep_columns_t* p,
                                     const int8_t* x, const int8_t* w, const int32_t* bias,
                                     const int32_t* multipliers, const int8_t* codes, int8_t* y0,
                                     int8_t* y1)
{
    const int8_t* at = w + head;
    for (int32_t o = 0; o < p->outputs; o++) {
        int32_t a = bias[o];
        int32_t b = a;
        at = row(w, x, at, p->depth, 2, &a, &b);
        y0[o] = ep_saturate(ep_rescale(a, multipliers[o], codes[o], p->zero_term));
        y1[o] = ep_saturate(ep_rescale(b, multipliers[o], codes[o], p->zero_term));
    }
    ep_limit_s8(y0, p->outputs, p->low, p->high);
    ep_limit_s8(y1, p->outputs, p->low, p->high);
}

/// As ep_dense_narrow.h has it.
static inline void ep_sparse_dense(ep_sparse_row_t* row, int32_t head, const ep_dense_narrow_t* p,
                                   const int8_t* x, const int8_t* w, const int32_t* bias,
                                   const int32_t* multipliers, const int8_t* codes, int8_t* y)
{
    const int32_t step = (p->per_channel != 0) ? 1 : 0;
    int8_t* const first = y;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        const int8_t* at = w + head;
        for (int32_t o = 0; o < p->outputs; o++) {
            int32_t a = bias[o];
            at = row(w, x, at, p->depth, 1, &a, &a);
            *y++ = ep_saturate(
                ep_rescale_once(a, multipliers[o * step], codes[o * step], p->zero_term));
        }
        x += p->depth;
    }
    ep_limit_s8(first, (int32_t)(y - first), p->low, p->high);
}

/// The two kernels of a kind of weights: ROW, an ep_sparse_row_t, is inlined into both; HEAD: the
/// bytes before the rows.
#define EP_SPARSE_DEFINE(KIND, ROW, HEAD)                                                          \
    /* Inlined where one and two pixels are made, it would be there twice. */                      \
    static __attribute__((noinline)) void columns(                                                 \
        const ep_columns_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,              \
        const int32_t* multipliers, const int8_t* codes, int8_t* y0, int8_t* y1)                   \
    {                                                                                              \
        ep_sparse_columns(ROW, HEAD, p, x, w, bias, multipliers, codes, y0, y1);                   \
    }                                                                                              \
                                                                                                   \
    void ep_sparse_##KIND##_conv_s8(const ep_conv_2d_t* p, const int8_t* x, const int8_t* w,       \
                                    const int32_t* bias, const int32_t* multipliers,               \
                                    const int8_t* codes, int8_t* scratch, int8_t* y)               \
    {                                                                                              \
        ep_conv_pairs(p, columns, 0, x, w, bias, multipliers, codes, scratch, y);                  \
    }                                                                                              \
                                                                                                   \
    void ep_sparse_##KIND##_dense_s8(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w, \
                                     const int32_t* bias, const int32_t* multipliers,              \
                                     const int8_t* codes, int8_t* y)                               \
    {                                                                                              \
        ep_sparse_dense(ROW, HEAD, p, x, w, bias, multipliers, codes, y);                          \
    }                                                                                              \
    typedef int ep_sparse_##KIND##_is_defined /* so that a semicolon follows */

/// The two kernels of a kind of weights: ROW, an ep_sparse_row_t, is inlined into both; HEAD: the
/// bytes before the rows.
#define EP_SPARSE_DEFINE(KIND, ROW, HEAD)                                                          \
    /* Inlined where one and two pixels are made, it would be there twice. */                      \
    static __attribute__((noinline)) void columns(                                                 \
        const ep_columns_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,              \
        const int32_t* multipliers, const int8_t* codes, int8_t* y0, int8_t* y1)                   \
    {                                                                                              \
        ep_sparse_columns(ROW, HEAD, p, x, w, bias, multipliers, codes, y0, y1);                   \
    }                                                                                              \
                                                                                                   \
    void ep_sparse_##KIND##_conv_s8(const ep_conv_2d_t* p, const int8_t* x, const int8_t* w,       \
                                    const int32_t* bias, const int32_t* multipliers,               \
                                    const int8_t* codes, int8_t* scratch, int8_t* y)               \
    {                                                                                              \
        ep_conv_pairs(p, columns, 0, x, w, bias, multipliers, codes, scratch, y);                  \
    }                                                                                              \
                                                                                                   \
    void ep_sparse_##KIND##_dense_s8(const ep_dense_narrow_t* p, const int8_t* x, const int8_t* w, \
                                     const int32_t* bias, const int32_t* multipliers,              \
                                     const int8_t* codes, int8_t* y)                               \
    {                                                                                              \
        ep_sparse_dense(ROW, HEAD, p, x, w, bias, multipliers, codes, y);                          \
    }                                                                                              \
    typedef int ep_sparse_##KIND##_is_defined /* so that a semicolon follows */

#endif
