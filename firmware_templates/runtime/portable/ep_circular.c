/* SPDX-License-Identifier: MIT-0 */
#include "ep_circular.h"

#include <stddef.h>

void ep_circular_8(uint32_t slots, uint32_t size, uint32_t period, int8_t* kept, uint32_t* turns,
                   const int8_t* x, int8_t* y, bool* valid)
{
    const uint32_t past = (slots - 1U) * size;
    for (uint32_t i = 0; i < past; i++) {
        kept[i] = kept[i + size];
        y[i] = kept[i];
    }
    for (uint32_t i = 0; i < size; i++) {
        kept[past + i] = x[i];
        y[past + i] = x[i];
    }
    const bool now = (*turns + 1U == period);
    *turns = now ? 0U : (*turns + 1U);
    if (valid != NULL) {
        *valid = now;
    }
}
