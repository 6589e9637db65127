/* SPDX-License-Identifier: MIT-0 */
#include "ep_clamp.h"

void ep_clamp_s8(const int8_t* x, int8_t* y, uint32_t count, int8_t low, int8_t high)
{
    for (uint32_t i = 0; i < count; i++) {
        const int8_t value = (x[i] < low) ? low : x[i];
        y[i] = (value > high) ? high : value;
    }
}

void ep_flip_sign(const void* x, void* y, uint32_t count)
{
    const uint8_t* from = (const uint8_t*)x;
    uint8_t* to = (uint8_t*)y;
    for (uint32_t i = 0; i < count; i++) {
        to[i] = from[i] ^ 0x80U;
    }
}
