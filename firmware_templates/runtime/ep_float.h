/* SPDX-License-Identifier: MIT-0 */
/* TFLite's activations on float. */
#ifndef EP_FLOAT_H
#define EP_FLOAT_H

#include <stdint.h>

/// A fused activation's range; without one, the finite numbers.
typedef struct {
    float low;
    float high;
} ep_range_f32_t;

/// Clamp to [low, high]; a NaN stays.
static inline float ep_clamp_f32(float value, float low, float high)
{
    const float floored = (value < low) ? low : value;
    return (high < floored) ? high : floored;
}

#endif
