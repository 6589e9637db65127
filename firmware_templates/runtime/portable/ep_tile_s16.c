/* SPDX-License-Identifier: MIT-0 */
#include "ep_tile_s16.h"

void ep_tile_s16(const int16_t* x, const int8_t* w, int32_t pairs, const int32_t* bias,
                 int32_t* sums)
{
    for (int32_t r = 0; r < 2; r++) {
        for (int32_t i = 0; i < 4; i++) {
            uint32_t sum = (uint32_t)bias[r];
            for (int32_t k = 0; k < pairs; k++) {
                sum += (uint32_t)(x[8 * k + 2 * i] * w[4 * k + r]);
                sum += (uint32_t)(x[8 * k + 2 * i + 1] * w[4 * k + 2 + r]);
            }
            sums[4 * r + i] = (int32_t)sum;
        }
    }
}
