/* SPDX-License-Identifier: MIT-0 */
/* Between real numbers and the model's integers, as TFLite does it. */
#ifndef EP_AFFINE_H
#define EP_AFFINE_H

#include <stdint.h>

/// round(value / scale) + zero_point, halves away from zero, clamped to [low, high].
/// Bit-exact with TFLite's AffineQuantize. NaN gives low. |zero_point|, |low|, |high| < 2^16.
static inline int32_t ep_affine_quantize(float value, float scale, int32_t zero_point, int32_t low,
                                         int32_t high)
{
    const float steps = value / scale;
    if (!(steps > -131072.0f)) {
        return low;
    }
    if (steps > 131072.0f) {
        return high;
    }
    int32_t whole = (int32_t)steps;
    const float rest = steps - (float)whole;
    if (rest >= 0.5f) {
        whole += 1;
    } else if (rest <= -0.5f) {
        whole -= 1;
    }
    whole += zero_point;
    if (whole < low) {
        return low;
    }
    return (whole > high) ? high : whole;
}

/// scale * (stored - zero_point).
static inline float ep_affine_dequantize(int32_t stored, float scale, int32_t zero_point)
{
    return scale * (float)(stored - zero_point);
}

#endif
