/* SPDX-License-Identifier: MIT-0 */
/* Two bits of a byte as a number. */
#ifndef EP_QUARTERS_H
#define EP_QUARTERS_H

#include <stdint.h>

/// Quarter 0 to 3 of a byte, two's complement, 0 in the lowest bits.
static inline int32_t ep_quarter(int8_t byte, int32_t quarter)
{
    return (int32_t)((uint32_t)(uint8_t)byte << (30 - 2 * quarter)) >> 30;
}

#endif
