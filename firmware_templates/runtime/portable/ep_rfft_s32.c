/* SPDX-License-Identifier: MIT-0 */
#include "ep_rfft_s32.h"

typedef int32_t value_t;
typedef struct {
    value_t re, im;
} pair_t;

#define TOP 2147483647

static inline int32_t rounded(int64_t value)
{
    return (int32_t)((value + (1 << 30)) >> 31);
}

static inline int32_t sum(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t difference(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

static inline int32_t negative(int32_t a)
{
    return (int32_t)(0U - (uint32_t)a);
}

static inline pair_t scaled(pair_t a, int parts)
{
    return (pair_t){rounded((int64_t)a.re * (TOP / parts)), rounded((int64_t)a.im * (TOP / parts))};
}

static inline pair_t product(pair_t a, pair_t b)
{
    return (pair_t){
        rounded((int64_t)a.re * b.re - (int64_t)a.im * b.im),
        rounded((int64_t)a.re * b.im + (int64_t)a.im * b.re),
    };
}

static inline pair_t half_sum(pair_t a, pair_t b)
{
    return (pair_t){sum(a.re, b.re) >> 1, sum(a.im, b.im) >> 1};
}

static inline pair_t half_difference(pair_t a, pair_t b)
{
    return (pair_t){difference(a.re, b.re) >> 1, difference(b.im, a.im) >> 1};
}

static inline void undo_gain(int32_t* y, uint32_t length)
{
    (void)y;
    (void)length;
}

#include "ep_fft_passes.h"

void ep_rfft_s32(const ep_fft_t* p, const int32_t* turns, const int32_t* halves, const int32_t* x, int32_t* y)
{
    real_forward(p, (const pair_t*)(const void*)turns, (const pair_t*)(const void*)halves, x, y);
}

void ep_irfft_s32(const ep_fft_t* p, const int32_t* turns, const int32_t* halves, const int32_t* x, int32_t* y)
{
    real_inverse(p, (const pair_t*)(const void*)turns, (const pair_t*)(const void*)halves, x, y);
}
