/* SPDX-License-Identifier: MIT-0 */
#include "ep_log_softmax.h"

#include "ep_fixed_log.h"
#include "ep_log.h"

void ep_log_softmax_f32(const float* x, float* y, uint32_t rows, uint32_t depth)
{
    for (uint32_t row = 0; row < rows; row++) {
        float most = -FLT_MAX;
        for (uint32_t i = 0; i < depth; i++) {
            most = (x[i] > most) ? x[i] : most;
        }
        float sum = 0.0F;
        for (uint32_t i = 0; i < depth; i++) {
            sum += ep_exp(x[i] - most);
        }
        const float logarithm = ep_log(sum);
        for (uint32_t i = 0; i < depth; i++) {
            y[i] = x[i] - most - logarithm;
        }
        x += depth;
        y += depth;
    }
}

/// The output, less the greatest number: 0 or below.
static int32_t element(const ep_log_softmax_t* p, int32_t difference, int32_t logarithm,
                       int32_t least)
{
    if (difference <= least) {
        return -255;
    }
    const int32_t scaled = ep_requantize(difference, p->mantissa, p->left);
    return ep_clamp(ep_rounding_shift(scaled - logarithm, 22), -255, 0);
}

/// Of differences, the greatest that becomes the least number.
static int32_t least_of(const ep_log_softmax_t* p, int32_t logarithm)
{
    const int32_t lowest = ep_requantize(logarithm + INT32_MIN, p->reverse, -p->right);
    return (lowest > -p->radius - 1) ? lowest : -p->radius - 1;
}

#define LOG_SOFTMAX(name, type, maximum)                                                 \
    void name(const ep_log_softmax_t* p, const int32_t* exponentials, const type* x,      \
              type* y)                                                                   \
    {                                                                                    \
        for (uint32_t row = 0; row < p->rows; row++) {                                   \
            int32_t most = x[0];                                                         \
            for (uint32_t i = 1; i < p->depth; i++) {                                    \
                most = (x[i] > most) ? x[i] : most;                                      \
            }                                                                            \
            int32_t sum = 0;                                                             \
            for (uint32_t i = 0; i < p->depth; i++) {                                    \
                const int32_t difference = most - x[i];                                  \
                sum += (difference <= p->radius) ? exponentials[difference] : 0;         \
            }                                                                            \
            const int32_t logarithm = ep_fixed_log(sum);                                 \
            const int32_t least = least_of(p, logarithm);                                \
            for (uint32_t i = 0; i < p->depth; i++) {                                    \
                y[i] = (type)((maximum) + element(p, x[i] - most, logarithm, least));    \
            }                                                                            \
            x += p->depth;                                                               \
            y += p->depth;                                                               \
        }                                                                                \
    }

LOG_SOFTMAX(ep_log_softmax_s8, int8_t, INT8_MAX)
LOG_SOFTMAX(ep_log_softmax_u8, uint8_t, UINT8_MAX)
