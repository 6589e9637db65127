/* SPDX-License-Identifier: MIT-0 */
/* Two numbers of four bits in a byte. */
#ifndef EP_HALVES_H
#define EP_HALVES_H

#include <stdint.h>

/// The number in the low half.
static inline int32_t ep_low_half(int32_t byte)
{
    return (int32_t)((uint32_t)byte << 28) >> 28;
}

/// The number in the high half; byte is an int8_t.
static inline int32_t ep_high_half(int32_t byte)
{
    return byte >> 4;
}

#endif
