/* SPDX-License-Identifier: MIT-0 */
/* HARD_SWISH in single precision. */
#ifndef EP_HARD_SWISH_H
#define EP_HARD_SWISH_H

#include <stdint.h>

/// y[i] = x[i] * min(max(x[i] + 3, 0), 6) / 6. x, y: [count]; y may be x, or lie below it.
void ep_hard_swish_f32(const float* x, float* y, uint32_t count);

#endif
