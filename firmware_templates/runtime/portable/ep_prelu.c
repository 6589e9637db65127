/* SPDX-License-Identifier: MIT-0 */
#include "ep_prelu.h"

#include "ep_fixed.h"

static int32_t prelu(const ep_prelu_t* p, int32_t x, int32_t alpha, int32_t low, int32_t high)
{
    int32_t value = x - p->x_zero_point;
    if (value >= 0) {
        value = ep_requantize(value, p->positive_mantissa, p->positive_shift);
    } else {
        value *= alpha - p->alpha_zero_point;
        value = ep_requantize(value, p->negative_mantissa, p->negative_shift);
    }
    value = ep_clamp(value, -(1 << 24), 1 << 24) + p->y_zero_point;
    return ep_clamp(value, low, high);
}

/// The loops over elements of a type.
#define WALK(TYPE, LOW, HIGH)                                                                      \
    const ep_walk_t* walk = &p->alpha;                                                             \
    uint32_t index[EP_WALK_RANK] = {0};                                                            \
    const int8_t* slope = alpha + walk->start;                                                     \
    for (;;) {                                                                                     \
        for (uint32_t i = 0; i < walk->inner; i++) {                                               \
            y[i] = (TYPE)prelu(p, x[i], slope[(int32_t)i * walk->inner_step], LOW, HIGH);          \
        }                                                                                          \
        x += walk->inner;                                                                          \
        y += walk->inner;                                                                          \
        const uint32_t moved = ep_walk_next(walk->rank, walk->count, index);                       \
        if (moved == walk->rank) {                                                                 \
            return;                                                                                \
        }                                                                                          \
        slope += walk->step[moved];                                                                \
    }

void ep_prelu_s8(const ep_prelu_t* p, const int8_t* x, const int8_t* alpha, int8_t* y)
{
    WALK(int8_t, INT8_MIN, INT8_MAX)
}

void ep_prelu_s16(const ep_prelu_t* p, const int16_t* x, const int8_t* alpha, int16_t* y)
{
    WALK(int16_t, INT16_MIN, INT16_MAX)
}

void ep_prelu_f32(const ep_walk_t* p, const float* x, const float* alpha, float* y)
{
    uint32_t index[EP_WALK_RANK] = {0};
    const float* slope = alpha + p->start;
    for (;;) {
        for (uint32_t i = 0; i < p->inner; i++) {
            const float below = x[i] * slope[(int32_t)i * p->inner_step];
            y[i] = (x[i] >= 0.0F) ? x[i] : below;
        }
        x += p->inner;
        y += p->inner;
        const uint32_t moved = ep_walk_next(p->rank, p->count, index);
        if (moved == p->rank) {
            return;
        }
        slope += p->step[moved];
    }
}
