/* SPDX-License-Identifier: MIT-0 */
#include "ep_l2_norm.h"

#include "ep_fixed_log.h"
#include "ep_sqrt.h"

void ep_l2_norm_f32(const float* x, float* y, uint32_t rows, uint32_t depth)
{
    for (uint32_t row = 0; row < rows; row++) {
        float squares = 0.0F;
        for (uint32_t i = 0; i < depth; i++) {
            squares += x[i] * x[i];
        }
        const float root = ep_sqrt(squares);
        const float length = (root < 1e-6F) ? 1e-6F : root;
        for (uint32_t i = 0; i < depth; i++) {
            y[i] = x[i] / length;
        }
        x += depth;
        y += depth;
    }
}

/// mantissa / 2^31 * 2^shift is a number's inverse root.
typedef struct {
    int32_t mantissa;
    int32_t shift;
} inverse_t;

/// Newton's method on Q3.28, 5 times from 1, as TFLite's GetInvSqrtQuantizedMultiplierExp.
static inverse_t inverse_root(int32_t value)
{
    if (value <= 1) {
        return (inverse_t){INT32_MAX, 0};
    }
    int32_t right = 11;
    while (value >= (1 << 29)) {
        value /= 4;
        right++;
    }
    const int32_t pairs = (ep_leading_zeros(value) - 1) / 2 - 1;
    right -= pairs;
    const int32_t fixed = (int32_t)((uint32_t)value << (uint32_t)(2 * pairs)) >> 1;
    const int32_t half = ep_rounding_shift(fixed, 1);
    int32_t x = 1 << 28;
    for (int32_t i = 0; i < 5; i++) {
        const int32_t cube = ep_saturating_left(ep_high_mul(ep_high_mul(x, x), x), 6);
        const int32_t product = ep_high_mul((1 << 28) + (1 << 27), x);
        x = ep_saturating_left(product - ep_high_mul(half, cube), 3);
    }
    const int32_t mantissa = ep_high_mul(x, 1518500250); /* sqrt(1/2) */
    if (right < 0) {
        return (inverse_t){(int32_t)((uint32_t)mantissa << (uint32_t)-right), 0};
    }
    return (inverse_t){mantissa, -right};
}

#define L2_NORM(name, type, middle, low, high)                                           \
    void name(const type* x, type* y, uint32_t rows, uint32_t depth, int32_t zero)       \
    {                                                                                    \
        for (uint32_t row = 0; row < rows; row++) {                                      \
            int32_t squares = 0;                                                         \
            for (uint32_t i = 0; i < depth; i++) {                                       \
                const int32_t value = x[i] - zero;                                       \
                squares += value * value;                                                \
            }                                                                            \
            const inverse_t inverse = inverse_root(squares);                             \
            for (uint32_t i = 0; i < depth; i++) {                                       \
                const int32_t value = rescaled_##name(x[i] - zero, inverse);             \
                y[i] = (type)ep_clamp(value + (middle), low, high);                      \
            }                                                                            \
            x += depth;                                                                  \
            y += depth;                                                                  \
        }                                                                                \
    }

static int32_t rescaled_ep_l2_norm_s8(int32_t value, inverse_t inverse)
{
    return ep_requantize(value, inverse.mantissa, inverse.shift + 7);
}

static int32_t rescaled_ep_l2_norm_u8(int32_t value, inverse_t inverse)
{
    return ep_rounding_shift(ep_high_mul(value * 128, inverse.mantissa), (uint32_t)-inverse.shift);
}

L2_NORM(ep_l2_norm_s8, int8_t, 0, INT8_MIN, INT8_MAX)
L2_NORM(ep_l2_norm_u8, uint8_t, 128, 0, UINT8_MAX)
