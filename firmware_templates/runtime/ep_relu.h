/* SPDX-License-Identifier: MIT-0 */
/* RELU, RELU6 and RELU_N1_TO_1 in single precision. */
#ifndef EP_RELU_H
#define EP_RELU_H

#include <stdint.h>

/// y[i] = min(max(x[i], low), high). x, y: [count]; y may be x, or lie below it.
void ep_relu_f32(const float* x, float* y, uint32_t count, float low, float high);

#endif
