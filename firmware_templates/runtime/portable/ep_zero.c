/* SPDX-License-Identifier: MIT-0 */
#include "ep_zero.h"

void ep_zero(void* y, uint32_t bytes)
{
    uint8_t* to = y;
    for (uint32_t i = 0; i < bytes; i++) {
        to[i] = 0;
    }
}
