/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_TRIG_H
#define EP_TRIG_H

#include "ep_remainder.h"

/// An angle less a whole number of quarter turns.
typedef struct {
    float rest; /* in [-pi/4, pi/4] */
    uint32_t quarters;
} ep_angle_t;

/// |x| in quarter turns, for finite |x| above pi/4, by 96 bits of 2/pi from the place that matters:
/// x = m * 2^e with a whole m of 24 bits, and m * (2/pi * 2^e mod 4) is exact to 2^-70.
static inline ep_angle_t ep_reduce_angle(float x)
{
    static const uint32_t two_over_pi[8] = {0x00000000U, 0xA2F9836EU, 0x4E441529U, 0xFC2757D1U,
                                            0xF534DDC0U, 0xDB629599U, 0x3C439041U, 0xFE5163ABU};
    const uint32_t bits = ep_bits(x) & 0x7FFFFFFFU;
    const uint32_t m = (bits & 0x7FFFFFU) | 0x800000U;
    const uint32_t place = (bits >> 23) - 150U + 30U; /* bits of the table to leave out */
    const uint32_t* word = &two_over_pi[place / 32U];
    const uint32_t shift = place % 32U;
    uint32_t window[3];
    for (uint32_t i = 0; i < 3U; i++) {
        const uint64_t pair = ((uint64_t)word[i] << 32) | word[i + 1U];
        window[i] = (uint32_t)(pair >> (32U - shift));
    }
    const uint64_t low = (uint64_t)m * window[2];
    const uint64_t middle = (uint64_t)m * window[1] + (low >> 32);
    const uint32_t top = m * window[0] + (uint32_t)(middle >> 32);
    const uint64_t turns = ((uint64_t)top << 32) | (uint32_t)middle; /* Q2.62 */
    ep_angle_t angle = {0.0F, (uint32_t)((turns + ((uint64_t)1 << 61)) >> 62)};
    const uint64_t rest = turns - ((uint64_t)angle.quarters << 62);
    const uint32_t below = (uint32_t)(rest >> 63); /* of 0 */
    uint64_t size = (below != 0U) ? 0U - rest : rest;
    if (size == 0U) {
        return angle;
    }
    int32_t exponent = 2;
    while ((size >> 63) == 0U) {
        size <<= 1;
        exponent--;
    }
    const uint64_t product = (uint64_t)(uint32_t)(size >> 32) * 0xC90FDAA2U; /* pi/2, Q1.31 */
    const float value = (float)(uint32_t)(product >> 32) * 0x1p-31F * ep_power_of_two(exponent);
    angle.rest = (below != 0U) ? -value : value;
    return angle;
}

/// sin(r) for |r| <= pi/4.
static inline float ep_sin_small(float r)
{
    const float z = r * r;
    float series = 0x1.6cd722p-19F;
    series = series * z - 0x1.a00f98p-13F;
    series = series * z + 0x1.111108p-7F;
    series = series * z - 0x1.555556p-3F;
    return r + r * z * series;
}

/// cos(r) for |r| <= pi/4; the difference 1 - r^2/2 keeps its rounding error.
static inline float ep_cos_small(float r)
{
    const float z = r * r;
    float series = -0x1.2429f0p-22F;
    series = series * z + 0x1.a0111cp-16F;
    series = series * z - 0x1.6c16b8p-10F;
    series = series * z + 0x1.555556p-5F;
    const float half = 0.5F * z;
    const float sum = 1.0F - half;
    return sum + (((1.0F - sum) - half) + z * z * series);
}

/// sin(x) within 2 units of the last place, whatever the angle; a NaN of infinities.
static inline float ep_sin(float x)
{
    const uint32_t size = ep_bits(x) & 0x7FFFFFFFU;
    if (size >= 0x7F800000U) {
        return x - x;
    }
    if (size <= 0x3F490FDAU) {
        return ep_sin_small(x);
    }
    const ep_angle_t angle = ep_reduce_angle(x);
    const float value =
        ((angle.quarters & 1U) != 0U) ? ep_cos_small(angle.rest) : ep_sin_small(angle.rest);
    const uint32_t flips = (angle.quarters >> 1) ^ (ep_bits(x) >> 31);
    return ((flips & 1U) != 0U) ? -value : value;
}

/// cos(x), the same.
static inline float ep_cos(float x)
{
    const uint32_t size = ep_bits(x) & 0x7FFFFFFFU;
    if (size >= 0x7F800000U) {
        return x - x;
    }
    if (size <= 0x3F490FDAU) {
        return ep_cos_small(x);
    }
    const ep_angle_t angle = ep_reduce_angle(x);
    const float value =
        ((angle.quarters & 1U) != 0U) ? ep_sin_small(angle.rest) : ep_cos_small(angle.rest);
    const uint32_t flips = (angle.quarters >> 1) ^ angle.quarters; /* the second and the third */
    return ((flips & 1U) != 0U) ? -value : value;
}

#endif
