/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_HYBRID_SUMS_H
#define EP_HYBRID_SUMS_H

#include "ep_float.h"
#include "ep_hybrid.h"

/// How the outputs of a hybrid layer are made of its sums.
typedef struct {
    int32_t depth;   /* inputs of an output */
    int32_t outputs; /* at least 1 */
    int8_t channels; /* 1: a scale an output, 0: one for all */
    int8_t weights_first; /* 1: (sum * scale of w) * scale of x, 0: sum * (scale of x * of w) */
    int8_t asymmetric;
    float low; /* the activation's range */
    float high;
} ep_hybrid_sums_t;

/// y[o] = clamp((sum_k (x[k] - zero of x) * w[o][k]) * scales + bias[o]).
/// w: blocks of 4 outputs as [depth][4], then the 1 to 3 outputs left as [depth] each; totals: the
/// sums of its rows, NULL where x has no zero; scales: of w.
void ep_hybrid_sums(const ep_hybrid_sums_t* p, ep_hybrid_t input, const int8_t* x,
                    const int8_t* w, const int32_t* totals, const float* scales,
                    const float* bias, float* y);

#endif
