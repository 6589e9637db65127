/* SPDX-License-Identifier: MIT-0 */
#include "ep_hybrid.h"

#include "ep_fixed.h"
#include "ep_float.h"

/// The nearest whole number to a value whose size is below 2^20, halves away from zero.
static int32_t nearest(float value)
{
    int32_t whole = (int32_t)value;
    const float rest = value - (float)whole;
    if (rest >= 0.5f) {
        whole++;
    } else if (rest <= -0.5f) {
        whole--;
    }
    return whole;
}

/// The same of the values that TFLite rounds in groups of eight: 0.5f - 2^-25 becomes 1.
static int32_t nearest_of_group(float value)
{
    return (int32_t)(value + ((value < 0.0f) ? -0.5f : 0.5f));
}

/// What int32 takes for certain; of NaN, the least.
static float bounded(float value)
{
    return (value > -512.0f) ? ep_clamp_f32(value, -512.0f, 512.0f) : -512.0f;
}

/// x * factor, rounded, and a zero point, in [low, 127].
static void store(const float* x, int32_t count, float factor, int32_t zero, int32_t low,
                  int8_t* stored)
{
    const int32_t groups = count & ~7;
    for (int32_t i = 0; i < count; i++) {
        const float value = bounded(x[i] * factor);
        const int32_t whole = (i < groups) ? nearest_of_group(value) : nearest(value);
        stored[i] = (int8_t)ep_clamp(whole + zero, low, 127);
    }
}

/// The least and the greatest value, and 0.
static void range(const float* x, int32_t count, float* least, float* greatest)
{
    *least = 0.0f;
    *greatest = 0.0f;
    for (int32_t i = 0; i < count; i++) {
        *least = (x[i] < *least) ? x[i] : *least;
        *greatest = (x[i] > *greatest) ? x[i] : *greatest;
    }
}

static ep_hybrid_t zeros(int32_t count, int8_t* stored)
{
    const ep_hybrid_t result = {1.0f, 0};
    for (int32_t i = 0; i < count; i++) {
        stored[i] = 0;
    }
    return result;
}

ep_hybrid_t ep_hybrid_symmetric(const float* x, int32_t count, int8_t* stored)
{
    float least;
    float greatest;
    range(x, count, &least, &greatest);
    const float reach = (-least > greatest) ? -least : greatest;
    if (!(reach > 0.0f)) {
        return zeros(count, stored);
    }
    const ep_hybrid_t result = {reach / 127.0f, 0};
    store(x, count, 127.0f / reach, 0, -127, stored);
    return result;
}

/// Where 0 comes to lie, between the ends of int8; double precision as TFLite has it.
static int32_t zero_of(double least, double greatest, double scale)
{
    const double low = least / scale; /* not above 0 */
    const double high = greatest / scale;
    const double place = (128.0 - low < 127.0 + high) ? (-128.0 - low) : (127.0 - high);
    if (!(place > -128.0)) { /* NaN, of an infinite value, too */
        return -128;
    }
    if (place >= 127.0) {
        return 127;
    }
    int32_t whole = (int32_t)place;
    const double rest = place - (double)whole;
    if (rest >= 0.5) {
        whole++;
    } else if (rest <= -0.5) {
        whole--;
    }
    return whole;
}

ep_hybrid_t ep_hybrid_asymmetric(const float* x, int32_t count, int8_t* stored)
{
    float least;
    float greatest;
    range(x, count, &least, &greatest);
    if (!(greatest > least)) {
        return zeros(count, stored);
    }
    const double scale = (double)(greatest - least) / 255.0;
    ep_hybrid_t result;
    result.scale = (float)scale;
    result.zero = zero_of((double)least, (double)greatest, scale);
    store(x, count, 1.0f / result.scale, result.zero, -128, stored);
    return result;
}
