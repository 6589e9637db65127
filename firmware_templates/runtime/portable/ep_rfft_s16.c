/* SPDX-License-Identifier: MIT-0 */
#include "ep_rfft_s16.h"

typedef int16_t value_t;
typedef struct {
    value_t re, im;
} pair_t;

#define TOP 32767

static inline int16_t rounded(int32_t value)
{
    return (int16_t)((value + (1 << 14)) >> 15);
}

static inline int16_t sum(int16_t a, int16_t b)
{
    return (int16_t)(a + b);
}

static inline int16_t difference(int16_t a, int16_t b)
{
    return (int16_t)(a - b);
}

static inline int16_t negative(int16_t a)
{
    return (int16_t)-a;
}

static inline pair_t scaled(pair_t a, int parts)
{
    return (pair_t){rounded(a.re * (TOP / parts)), rounded(a.im * (TOP / parts))};
}

static inline pair_t product(pair_t a, pair_t b)
{
    return (pair_t){rounded(a.re * b.re - a.im * b.im), rounded(a.re * b.im + a.im * b.re)};
}

static inline pair_t half_sum(pair_t a, pair_t b)
{
    return (pair_t){(int16_t)((a.re + b.re) >> 1), (int16_t)((a.im + b.im) >> 1)};
}

static inline pair_t half_difference(pair_t a, pair_t b)
{
    return (pair_t){(int16_t)((a.re - b.re) >> 1), (int16_t)((b.im - a.im) >> 1)};
}

static inline void undo_gain(int16_t* y, uint32_t length)
{
    (void)y;
    (void)length;
}

#include "ep_fft_passes.h"

void ep_rfft_s16(const ep_fft_t* p, const int16_t* turns, const int16_t* halves, const int16_t* x, int16_t* y)
{
    real_forward(p, (const pair_t*)(const void*)turns, (const pair_t*)(const void*)halves, x, y);
}

void ep_irfft_s16(const ep_fft_t* p, const int16_t* turns, const int16_t* halves, const int16_t* x, int16_t* y)
{
    real_inverse(p, (const pair_t*)(const void*)turns, (const pair_t*)(const void*)halves, x, y);
}
