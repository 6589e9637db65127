/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_DEPTHWISE_TAPS_S8_H
#define EP_DEPTHWISE_TAPS_S8_H

#include "ep_taps.h"
#include "ep_window.h"

typedef struct {
    ep_taps_t taps; /* of the window, rounded up to even */
    ep_window_t window;
    int8_t zero; /* zero point of x, read where the window leaves it */
    int8_t low;
    int8_t high;
} ep_depthwise_taps_t;

/// y[b][i][j][c] = clamp(zp_y + requantize(bias[c] + sum_k x[tap k][c] * w[c][k])), any window, pixel by
/// pixel. stream: as ep_taps.h has it. scratch, aligned to 4: 4 * taps.taps bytes, then in_c.
/// y may overlap x as edgepack computes it: a pixel's four channels are read before they are written.
/// Bit-exact with TFLite reference_integer_ops::DepthwiseConvPerChannel.
void ep_depthwise_taps_s8(const ep_depthwise_taps_t* p, const int8_t* x, const uint32_t* stream,
                          uint32_t* scratch, int8_t* y);

#endif
