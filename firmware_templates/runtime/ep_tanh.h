/* SPDX-License-Identifier: MIT-0 */
/* TANH in single precision. */
#ifndef EP_TANH_H
#define EP_TANH_H

#include <stdint.h>

/// y[i] = ep_tanh(x[i]) of ep_math.h. x, y: [count]; y may be x, or lie below it.
void ep_tanh_f32(const float* x, float* y, uint32_t count);

#endif
