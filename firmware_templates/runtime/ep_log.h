/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_LOG_H
#define EP_LOG_H

#include "ep_remainder.h"

/// ln x within 1 unit of the last place; minus infinity at 0, a NaN below.
/// x = 2^n * (1 + f) with 1 + f in [0.70, 1.42); s = f / (2 + f), ln(1 + f) = 2 * artanh(s) with
/// 2 * s = f - f^2 / 2 + s * f^2 / 2, so that only small terms are rounded.
static inline float ep_log(float x)
{
    uint32_t bits = ep_bits(x);
    if (x != x || bits == 0x7F800000U) {
        return x;
    }
    if (x == 0.0F) {
        return ep_from_bits(0xFF800000U);
    }
    if ((bits >> 31) != 0U) {
        return (x - x) / (x - x);
    }
    int32_t n = 0;
    if (bits < 0x800000U) {
        bits = ep_bits(x * 0x1p25F);
        n = -25;
    }
    const int32_t up = (int32_t)(bits - 0x3F3504F3U) >> 23; /* of sqrt(1/2) */
    n += up;
    const float f = ep_from_bits(bits - ((uint32_t)up << 23)) - 1.0F;
    const float s = f / (2.0F + f);
    const float z = s * s;
    float series = 0x1.e3332cp-3F;
    series = series * z + 0x1.24376cp-2F;
    series = series * z + 0x1.999a80p-2F;
    series = series * z + 0x1.555554p-1F;
    const float half = 0.5F * f * f;
    const float count = (float)n;
    const float low = s * (half + z * series) + count * 0x1.7f7d1cp-20F; /* ln 2's remainder */
    const float high = count * 0x1.62e4p-1F; /* exact: 15 bits of ln 2 */
    return high + (f - (half - low));
}

#endif
