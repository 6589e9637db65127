/* SPDX-License-Identifier: MIT-0 */
#include "ep_swar_pack.h"

uint32_t* ep_swar_pack(const int8_t* const* x, int32_t count, uint32_t* to)
{
    for (int32_t k = 0; k < count; k++) {
        for (int32_t pair = 0; pair < 4; pair += 2) {
            *to++ = (uint32_t)(int32_t)x[pair][k] + ((uint32_t)(int32_t)x[pair + 1][k] << 16);
        }
    }
    return to;
}
