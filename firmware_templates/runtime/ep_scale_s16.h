/* SPDX-License-Identifier: MIT-0 */
/* The ways in which a convolution's sums become int16. */
#ifndef EP_SCALE_S16_H
#define EP_SCALE_S16_H

#include "ep_rescale.h"
#include "ep_wide.h"

#define EP_SCALE_WIDE 0  /* ep_requantize_wide */
#define EP_SCALE_TWICE 1 /* ep_requantize of an int32_t */
#define EP_SCALE_QUICK 2 /* the numbers of the first, for sums that fit int32_t */

/// The sum scaled. QUICK: multiplier is that of WIDE times 2^16 and shift that less 16, at least 1;
/// as half of 2^(shift + 16) is a multiple of 2^32, the low word of the product does not count.
static inline int32_t ep_scale_s16(int64_t sum, int32_t multiplier, int32_t shift, int32_t way)
{
    if (way == EP_SCALE_QUICK) {
        return (ep_high_word((int32_t)sum, multiplier) + (1 << (shift - 1))) >> shift;
    }
    if (way == EP_SCALE_TWICE) {
        return ep_requantize((int32_t)sum, multiplier, shift);
    }
    return ep_requantize_wide(sum, multiplier, shift);
}

#endif
