/* SPDX-License-Identifier: MIT-0 */
#include "ep_spectrum.h"

#include "ep_fixed.h"

void ep_window_s16(uint32_t batches, uint32_t count, int32_t shift, const int16_t* window,
                   const int16_t* x, int16_t* y)
{
    for (; batches > 0U; batches--) {
        for (uint32_t i = 0; i < count; i++) {
            *y++ = (int16_t)ep_clamp((*x++ * window[i]) >> shift, -32768, 32767);
        }
    }
}

void ep_auto_scale_s16(uint32_t count, const int16_t* x, int16_t* y, int32_t* bits)
{
    int32_t largest = 0;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t magnitude = x[i] < 0 ? -x[i] : x[i];
        largest = magnitude > largest ? magnitude : largest;
    }
    int32_t up = 0;
    while (up < 15 && (largest << up) < 0x4000) {
        up++;
    }
    for (uint32_t i = 0; i < count; i++) {
        y[i] = (int16_t)(x[i] * (1 << up));
    }
    *bits = up;
}

void ep_energy_s16(uint32_t count, uint32_t first, uint32_t last, const int16_t* x, uint32_t* y)
{
    for (uint32_t i = 0; i < count; i++) {
        const int32_t re = x[2U * i];
        const int32_t im = x[2U * i + 1U];
        y[i] = i >= first && i < last ? (uint32_t)(re * re) + (uint32_t)(im * im) : 0U;
    }
}
