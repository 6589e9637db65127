/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CHAIN_CONV_S8_H
#define EP_CHAIN_CONV_S8_H

#include <stdbool.h>

#include "ep_chain.h"
#include "ep_window.h"

typedef struct {
    ep_chain_t rows;
    ep_window_t window;
    int8_t low;
    int8_t high;
    int8_t zero; /* zero point of x, read where the window leaves it */
} ep_chain_conv_t;

/// y[b][i][j][o] = clamp(zp_y + requantize(bias[o] + sum_k x[tap k] * w[o][k])), four pixels at a
/// time, the last ones by themselves. Depth is kernel_h * kernel_w * in_c, rounded up to 4.
/// stream: as ep_chain.h has it. scratch, aligned to 4: 24 * rows.groups bytes, then
/// where in_c is a multiple of 4: in_c bytes; else 16 * rows.groups.
/// y may overlap x as edgepack computes it: pixels are read before they are written.
/// Bit-exact with TFLite reference_integer_ops::ConvPerChannel.
void ep_chain_conv_s8(const ep_chain_conv_t* p, const int8_t* x, const uint32_t* stream,
                      uint32_t* scratch, int8_t* y);

#endif
