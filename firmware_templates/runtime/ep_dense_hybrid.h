/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_HYBRID_H
#define EP_DENSE_HYBRID_H

#include "ep_hybrid_sums.h"

/// A dense layer on floats with int8 weights: each batch is quantised to int8, then ep_hybrid_sums.
/// scratch: depth bytes. y must not overlap x. edgepack proves that the sums fit int32_t.
/// Bit-exact with TFLite's hybrid FullyConnected.
void ep_dense_hybrid(const ep_hybrid_sums_t* p, int32_t batches, const float* x, const int8_t* w,
                     const int32_t* totals, const float* scales, const float* bias,
                     int8_t* scratch, float* y);

#endif
