/* SPDX-License-Identifier: MIT-0 */
/* Elementary functions in single precision, the same bits with every compiler and on every core:
 * only +, -, * and / are used, each rounded once (-ffp-contract=off). */
#ifndef EP_MATH_H
#define EP_MATH_H

#include <float.h>
#include <stdint.h>

#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16 /* 16: half precision is there too */
#error "the bits of ep_math.h need single precision arithmetic (on x86: -mfpmath=sse)"
#endif

/// The float of these bits.
static inline float ep_from_bits(uint32_t bits)
{
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

/// 2^exponent, exponent in [-126, 127].
static inline float ep_power_of_two(int32_t exponent)
{
    return ep_from_bits((uint32_t)(exponent + 127) << 23);
}

/// (exp(r) - 1 - r) / r^2 for |r| < 0.35.
static inline float ep_exp_tail(float r)
{
    float p = 0x1.6a2434p-10F;
    p = p * r + 0x1.1239e2p-7F;
    p = p * r + 0x1.5558f2p-5F;
    p = p * r + 0x1.555492p-3F;
    p = p * r + 0x1.fffffcp-2F;
    return p;
}

/// exp(x), within 0.75 units of the last place, 1 where the result is subnormal.
/// inf and 0 beyond the range; a NaN stays one.
/// x = n * ln 2 + r with |r| < 0.35, exp(x) = 2^n * exp(r); the sum 1 + r keeps its rounding error.
static inline float ep_exp(float x)
{
    if (x != x) {
        return x;
    }
    if (x > 88.72284F) {
        return ep_from_bits(0x7F800000U);
    }
    if (x < -103.9721F) {
        return 0.0F;
    }
    const int32_t n = (int32_t)(x * 0x1.715476p+0F + ((x < 0.0F) ? -0.5F : 0.5F));
    const float count = (float)n;
    const float high = x - count * 0x1.62e4p-1F; /* exact: 15 bits of ln 2 */
    const float low = count * 0x1.7f7d1cp-20F;   /* its remainder */
    const float r = high - low;
    const float tail = (high - r) - low;
    const float sum = 1.0F + r;
    const float error = (1.0F - sum) + r;
    const float y = sum + (error + (ep_exp_tail(r) * (r * r) + tail));
    if (n > 127) {
        return (y * ep_power_of_two(127)) * 2.0F;
    }
    if (n < -125) {
        return (y * ep_power_of_two(n + 64)) * ep_power_of_two(-64);
    }
    return y * ep_power_of_two(n);
}

/// TFLite's form of 1 / (1 + exp(-x)), within 2 units of the last place of it: exp(x) below -9
/// (which is off by up to exp(-9) of the value), 1 above 16.6.
static inline float ep_logistic(float x)
{
    if (x > 16.619047F) {
        return 1.0F;
    }
    if (x < -9.0F) {
        return ep_exp(x);
    }
    return 1.0F / (1.0F + ep_exp(-x));
}

/// tanh(x), within 2 units of the last place.
static inline float ep_tanh(float x)
{
    const float size = (x < 0.0F) ? -x : x;
    if (size < 0x1p-12F) {
        return x;
    }
    if (size < 0.55F) {
        const float z = x * x;
        float q = -0x1.9bba68p-8F;
        q = q * z + 0x1.595686p-6F;
        q = q * z - 0x1.b92bbap-5F;
        q = q * z + 0x1.110d3cp-3F;
        q = q * z - 0x1.55554cp-2F;
        return x + (x * z) * q;
    }
    const float y = (size > 9.1F) ? 1.0F : (1.0F - 2.0F / (ep_exp(2.0F * size) + 1.0F));
    return (x < 0.0F) ? -y : y;
}

#endif
