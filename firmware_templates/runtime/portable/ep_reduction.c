/* SPDX-License-Identifier: MIT-0 */
#include "ep_reduction.h"

#include <float.h>

#include "ep_fixed.h"

/// For each output: `start`, then `step` for every `value` in order, then `end`, which is stored.
/// All three are expressions of `sum` (and the last two of `value` or none).
#define REDUCE(at_p, in_t, sum_t, out_t, start, step, end)                              \
    {                                                                                   \
        const ep_reduction_t* at = at_p;                                                \
        const in_t* from = x;                                                           \
        out_t* to = y;                                                                  \
        ep_reduce_at_t kept = {{0}, 0};                                                 \
        do {                                                                            \
            ep_reduce_at_t rows = {{0}, 0};                                             \
            sum_t sum = (start);                                                        \
            do {                                                                        \
                const in_t* next = from + kept.offset + rows.offset;                    \
                for (int32_t i = at->inner; i > 0; i--) {                               \
                    const in_t value = *next;                                           \
                    sum = (step);                                                       \
                    next += at->inner_step;                                             \
                }                                                                       \
            } while (ep_reduce_next(at->loops.sizes, at->loops.steps, &rows));          \
            *to++ = (end);                                                              \
        } while (ep_reduce_next(at->loops.kept_sizes, at->loops.kept_steps, &kept));    \
    }

#define WRAPPING(total, product, type)                                                  \
    void total(const ep_reduction_t* p, const void* x, void* y)                         \
    REDUCE(p, type, type, type, 0, (type)(sum + value), sum)                            \
    void product(const ep_reduction_t* p, const void* x, void* y)                       \
    REDUCE(p, type, type, type, 1, (type)(1U * sum * value), sum)

WRAPPING(ep_total_8, ep_product_8, uint8_t)
WRAPPING(ep_total_16, ep_product_16, uint16_t)
WRAPPING(ep_total_32, ep_product_32, uint32_t)
WRAPPING(ep_total_64, ep_product_64, uint64_t)

#define EXTREMES(greatest, least, type)                                                 \
    void greatest(const ep_reduction_t* p, const type* x, type* y)                      \
    REDUCE(p, type, type, type, from[kept.offset], (value > sum) ? value : sum, sum)    \
    void least(const ep_reduction_t* p, const type* x, type* y)                         \
    REDUCE(p, type, type, type, from[kept.offset], (value < sum) ? value : sum, sum)

EXTREMES(ep_greatest_s8, ep_least_s8, int8_t)
EXTREMES(ep_greatest_u8, ep_least_u8, uint8_t)
EXTREMES(ep_greatest_s16, ep_least_s16, int16_t)
EXTREMES(ep_greatest_s32, ep_least_s32, int32_t)
EXTREMES(ep_greatest_s64, ep_least_s64, int64_t)

void ep_total_f32(const ep_reduction_t* p, const float* x, float* y)
REDUCE(p, float, float, float, at->first ? -0.0F : 0.0F, sum + value, sum)

void ep_product_f32(const ep_reduction_t* p, const float* x, float* y)
REDUCE(p, float, float, float, 1.0F, sum * value, sum)

void ep_greatest_f32(const ep_reduction_t* p, const float* x, float* y)
REDUCE(p, float, float, float, at->first ? from[0] : -FLT_MAX, (value > sum) ? value : sum, sum)

void ep_least_f32(const ep_reduction_t* p, const float* x, float* y)
REDUCE(p, float, float, float, at->first ? from[0] : FLT_MAX, (value < sum) ? value : sum, sum)

void ep_any_bool(const ep_reduction_t* p, const bool* x, bool* y)
REDUCE(p, bool, bool, bool, false, sum || value, sum)

void ep_all_bool(const ep_reduction_t* p, const bool* x, bool* y)
REDUCE(p, bool, bool, bool, true, sum && value, sum)

static int32_t rescaled(const ep_sum_scaled_t* p, int32_t sum, int32_t low, int32_t high)
{
    const int32_t value = ep_requantize(sum - p->offset, p->mantissa, p->shift);
    const int32_t limit = 1 << 24; /* so that the zero point may be added */
    return ep_clamp(ep_clamp(value, -limit, limit) + p->zero, low, high);
}

void ep_total_scaled_s8(const ep_sum_scaled_t* p, const int8_t* x, int8_t* y)
REDUCE(&p->at, int8_t, int32_t, int8_t, 0, sum + value,
       (int8_t)rescaled(p, sum, INT8_MIN, INT8_MAX))

void ep_total_scaled_u8(const ep_sum_scaled_t* p, const uint8_t* x, uint8_t* y)
REDUCE(&p->at, uint8_t, int32_t, uint8_t, 0, sum + value, (uint8_t)rescaled(p, sum, 0, UINT8_MAX))

void ep_total_scaled_s16(const ep_sum_scaled_t* p, const int16_t* x, int16_t* y)
REDUCE(&p->at, int16_t, int32_t, int16_t, 0, sum + value,
       (int16_t)rescaled(p, sum, INT16_MIN, INT16_MAX))

static int32_t scaled(const ep_product_scaled_t* p, int64_t value)
{
    return (int32_t)(uint32_t)((value * p->mantissa + ((int64_t)1 << (p->right - 1))) >> p->right);
}

static int32_t ended(const ep_product_scaled_t* p, int32_t value, int32_t low, int32_t high)
{
    const int32_t limit = 1 << 24;
    return ep_clamp(ep_clamp(scaled(p, value), -limit, limit) + p->zero, low, high);
}

/* A first element is taken as it is: it follows a product that no element can give. */
#define NONE_YET INT64_MAX
#define MULTIPLIED \
    ((sum == NONE_YET) ? (value - p->zero_x) : scaled(p, sum * (value - p->zero_x)))

void ep_product_scaled_s8(const ep_product_scaled_t* p, const int8_t* x, int8_t* y)
REDUCE(&p->at, int8_t, int64_t, int8_t, NONE_YET, MULTIPLIED,
       (int8_t)ended(p, (int32_t)sum, INT8_MIN, INT8_MAX))

void ep_product_scaled_s16(const ep_product_scaled_t* p, const int16_t* x, int16_t* y)
REDUCE(&p->at, int16_t, int64_t, int16_t, NONE_YET, MULTIPLIED,
       (int16_t)ended(p, (int32_t)sum, INT16_MIN, INT16_MAX))
