/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DENSE_F16_H
#define EP_DENSE_F16_H

#include <stdint.h>

typedef struct {
    int32_t batches;
    int32_t depth;   /* inputs of a batch, at least 1 */
    int32_t outputs; /* of a batch, at least 1 */
    float low;       /* the activation's range */
    float high;
} ep_dense_f16_t;

/// ep_dense_f32 with weights in half precision: see ep_row_f16.
void ep_dense_f16(const ep_dense_f16_t* p, const float* x, const uint16_t* w, const float* bias,
                  float* y);

#endif
