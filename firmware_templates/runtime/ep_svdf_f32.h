/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_SVDF_F32_H
#define EP_SVDF_F32_H

#include <stdint.h>

typedef struct {
    int32_t batches;
    int32_t inputs;
    int32_t units;
    int32_t rank;   /* filters of a unit */
    int32_t memory; /* steps that a filter remembers */
    float low;      /* the activation's range */
    float high;
} ep_svdf_f32_t;

/// One step: every filter's memory moves on by one and takes in sum_i x[i] * w[f][i]; then
/// y[u] = clamp(the unit's filters: sum_m memory[f][m] * time[f][m], + bias[u]).
/// w: [filters][inputs]; time: [filters][memory]; state: [batches][filters][memory].
/// y must not overlap x. Bit-exact with TFLite reference_ops::EvalFloatSVDF on a desktop: ep_lanes.h.
void ep_svdf_f32(const ep_svdf_f32_t* p, const float* x, const float* w, const float* time,
                 const float* bias, float* state, float* y);

#endif
