/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_ERFC_H
#define EP_ERFC_H

#include "ep_remainder.h"

/// 1 - erf(x), within 6 units of the last place where it is normal.
/// erfc(t) = exp(-t^2) * g(3 / (3 + t)) for t >= 0, and exp(-t^2) = exp(-h^2) * exp((h - t) (h + t))
/// with 12 bits of t in h, so that h^2 is exact.
static inline float ep_erfc(float x)
{
    if (x != x) {
        return x;
    }
    const float t = ep_from_bits(ep_bits(x) & 0x7FFFFFFFU);
    if (t > 10.1F) {
        return (x > 0.0F) ? 0.0F : 2.0F;
    }
    const float u = 3.0F / (3.0F + t);
    float g = 0x1.d50e8cp-5F;
    g = g * u - 0x1.344d58p-2F;
    g = g * u + 0x1.1df15ap-1F;
    g = g * u - 0x1.e61df4p-2F;
    g = g * u + 0x1.bd99fcp-2F;
    g = g * u - 0x1.66341ap-6F;
    g = g * u + 0x1.9ae7c0p-3F;
    g = g * u + 0x1.5a233ep-3F;
    g = g * u + 0x1.8352fap-3F;
    g = g * u + 0x1.810106p-3F;
    g = g * u + 0x1.15c84ep-19F;
    const float h = ep_from_bits(ep_bits(t) & 0xFFFFF000U);
    const float y = ep_exp(-h * h) * (ep_exp((h - t) * (h + t)) * g);
    return (x > 0.0F) ? y : 2.0F - y;
}

#endif
