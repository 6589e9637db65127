/* SPDX-License-Identifier: MIT-0 */
#include "ep_svdf_s8.h"

/// Moves a filter's memory on by one, with a new value at its end; the sum over time, as it wraps.
static uint32_t remember(const ep_svdf_t* p, int32_t value, const int8_t* time, int8_t* state)
{
    const int32_t last = p->memory - 1;
    uint32_t sum = 0;
    for (int32_t m = 0; m < last; m++) {
        state[m] = state[m + 1];
        sum += (uint32_t)((state[m] - p->zero_state) * time[m]);
    }
    state[last] = (int8_t)ep_clamp(ep_clamp(value, -(1 << 24), 1 << 24) + p->zero_state, INT8_MIN, INT8_MAX);
    return sum + (uint32_t)((state[last] - p->zero_state) * time[last]);
}

void ep_svdf_s8(const ep_svdf_t* p, const int8_t* x, const int8_t* w, const int32_t* bias_f,
                const int8_t* time, const int32_t* bias, int8_t* state, int8_t* y)
{
    for (int32_t b = 0; b < p->batches; b++) {
        int32_t f = 0;
        for (int32_t u = 0; u < p->units; u++) {
            uint32_t sum = (uint32_t)bias[u];
            for (int32_t r = 0; r < p->rank; r++) {
                const int32_t dot = ep_svdf_dot(x, &w[f * p->inputs], p->inputs, bias_f[f]);
                const int32_t value = ep_requantize(dot, p->mantissa_f, p->shift_f);
                sum += remember(p, value, &time[f * p->memory], state);
                state += p->memory;
                f++;
            }
            const int32_t value = ep_requantize((int32_t)sum, p->mantissa, p->shift);
            *y++ = (int8_t)ep_clamp(ep_clamp(value, -(1 << 24), 1 << 24) + p->zero, INT8_MIN,
                                    INT8_MAX);
        }
        x += p->inputs;
    }
}
