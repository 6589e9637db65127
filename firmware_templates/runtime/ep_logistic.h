/* SPDX-License-Identifier: MIT-0 */
/* LOGISTIC in single precision: 1 / (1 + exp(-x)). */
#ifndef EP_LOGISTIC_H
#define EP_LOGISTIC_H

#include <stdint.h>

/// y[i] = ep_logistic(x[i]) of ep_math.h. x, y: [count]; y may be x, or lie below it.
void ep_logistic_f32(const float* x, float* y, uint32_t count);

#endif
