/* SPDX-License-Identifier: MIT-0 */
/* LEAKY_RELU in single precision. */
#ifndef EP_LEAKY_RELU_H
#define EP_LEAKY_RELU_H

#include <stdint.h>

/// y[i] = x[i] where it is positive, else alpha * x[i].
/// x, y: [count]; y may be x, or lie below it.
void ep_leaky_relu_f32(const float* x, float* y, uint32_t count, float alpha);

#endif
