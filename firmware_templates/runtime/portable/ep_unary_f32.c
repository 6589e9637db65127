/* SPDX-License-Identifier: MIT-0 */
#include "ep_unary_f32.h"

#include "ep_erfc.h"
#include "ep_log.h"
#include "ep_sqrt.h"
#include "ep_trig.h"

static inline float rounded(float x)
{
    const float below = ep_floor(x);
    const float over = x - below;
    const int odd = below - 2.0F * ep_floor(0.5F * below) != 0.0F;
    return (over < 0.5F || (over == 0.5F && !odd) || over != over) ? below : below + 1.0F;
}

static inline float exp_less_one(float x)
{
    if (x > -0.34F) {
        return x + ep_exp_tail(x) * (x * x);
    }
    return ep_exp(x) - 1.0F;
}

static inline float gelu_tanh(float x)
{
    const float inner = 0x1.988454p-1F * (x + 0.044715F * (x * x * x));
    return 0.5F * x * (1.0F + ep_tanh(inner));
}

#define UNARY(name, element)                              \
    void name(const float* x, float* y, uint32_t count)   \
    {                                                     \
        for (uint32_t i = 0; i < count; i++) {            \
            const float value = x[i];                     \
            y[i] = (element);                             \
        }                                                 \
    }

UNARY(ep_abs_f32, ep_from_bits(ep_bits(value) & 0x7FFFFFFFU))
UNARY(ep_neg_f32, -value)
UNARY(ep_square_f32, value * value)
UNARY(ep_sign_f32, (value > 0.0F) ? 1.0F : ((value < 0.0F) ? -1.0F : 0.0F))
UNARY(ep_floor_f32, ep_floor(value))
UNARY(ep_ceil_f32, ep_ceil(value))
UNARY(ep_round_f32, rounded(value))
UNARY(ep_sqrt_f32, ep_sqrt(value))
UNARY(ep_rsqrt_f32, 1.0F / ep_sqrt(value))
UNARY(ep_exp_f32, ep_exp(value))
UNARY(ep_log_f32, ep_log(value))
UNARY(ep_sin_f32, ep_sin(value))
UNARY(ep_cos_f32, ep_cos(value))
UNARY(ep_elu_f32, (value < 0.0F) ? exp_less_one(value) : value)
UNARY(ep_gelu_f32, 0.5F * value * ep_erfc(value * -0x1.6a09e6p-1F))
UNARY(ep_gelu_tanh_f32, gelu_tanh(value))
