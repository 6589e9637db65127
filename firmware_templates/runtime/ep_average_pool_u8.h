/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_AVERAGE_POOL_U8_H
#define EP_AVERAGE_POOL_U8_H

#include "ep_pool.h"

typedef struct {
    ep_window_t window;
    uint8_t low; /* the activation's range */
    uint8_t high;
} ep_pool_u8_t;

/// y[b][i][j][c] = clamp(the mean of x under the window), halves upwards. x and y have the same
/// scale and zero point. y may overlap x as edgepack computes it: pixel by pixel, channel by
/// channel. Bit-exact with TFLite reference_ops::AveragePool on uint8.
void ep_average_pool_u8(const ep_pool_u8_t* p, const uint8_t* x, uint8_t* y);

#endif
