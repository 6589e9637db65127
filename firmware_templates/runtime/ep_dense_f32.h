/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_F32_H
#define EP_DENSE_F32_H

#include <stdint.h>

typedef struct {
    int32_t batches;
    int32_t depth;   /* inputs of a batch, at least 1 */
    int32_t outputs; /* of a batch, at least 1 */
    float low;       /* the activation's range */
    float high;
} ep_dense_f32_t;

/// y[b][o] = clamp(sum_k x[b][k] * w[o][k] + bias[o]), summed in the order of k.
/// w: blocks of 4 outputs as [depth][4], then the 1 to 3 outputs left as [depth] each.
/// y must not overlap x. Bit-exact with TFLite reference_ops::FullyConnected.
void ep_dense_f32(const ep_dense_f32_t* p, const float* x, const float* w, const float* bias,
                  float* y);

#endif
