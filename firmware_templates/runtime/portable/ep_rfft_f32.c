/* SPDX-License-Identifier: MIT-0 */
#include "ep_rfft_f32.h"

typedef float value_t;
typedef struct {
    value_t re, im;
} pair_t;

static inline float sum(float a, float b)
{
    return a + b;
}

static inline float difference(float a, float b)
{
    return a - b;
}

static inline float negative(float a)
{
    return -a;
}

static inline pair_t scaled(pair_t a, int parts)
{
    (void)parts;
    return a;
}

static inline pair_t product(pair_t a, pair_t b)
{
    return (pair_t){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static inline pair_t half_sum(pair_t a, pair_t b)
{
    return (pair_t){(a.re + b.re) * 0.5F, (a.im + b.im) * 0.5F};
}

static inline pair_t half_difference(pair_t a, pair_t b)
{
    return (pair_t){(a.re - b.re) * 0.5F, (b.im - a.im) * 0.5F};
}

static inline void undo_gain(float* y, uint32_t length)
{
    const float part = 1.0F / (float)length;
    for (uint32_t i = 0; i < length; i++) {
        y[i] *= part;
    }
}

#include "ep_fft_passes.h"

void ep_rfft_f32(const ep_fft_t* p, const float* turns, const float* halves, const float* x, float* y)
{
    real_forward(p, (const pair_t*)(const void*)turns, (const pair_t*)(const void*)halves, x, y);
}

void ep_irfft_f32(const ep_fft_t* p, const float* turns, const float* halves, const float* x, float* y)
{
    real_inverse(p, (const pair_t*)(const void*)turns, (const pair_t*)(const void*)halves, x, y);
}
