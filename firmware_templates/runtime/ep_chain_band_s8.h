/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_CHAIN_BAND_S8_H
#define EP_CHAIN_BAND_S8_H

#include "ep_chain.h"
#include "ep_window.h"

typedef struct {
    ep_chain_t rows;
    ep_window_t window; /* not dilated */
    ep_chain_window_t whole; /* a window's lines in the band, as far as they are whole words */
    int32_t rest;            /* values of a line behind them */
    int32_t lines;           /* of the band */
    int8_t zero;             /* zero point of x, read where the window leaves it */
    int8_t low;
    int8_t high;
} ep_chain_band_t;

/// y[b][i][j][o] = clamp(zp_y + requantize(bias[o] + sum_k x[tap k] * w[o][k])), four pixels at a
/// time, the last ones by themselves. The lines that four pixels see are copied to a band, with what
/// lies beside the image. stream: as ep_chain.h has it, of each line the values in whole words, then
/// what is left of each. scratch, aligned to 4: 24 * rows.groups bytes, whole.pitch * lines, then
/// 4 * kernel_h * rest rounded up to 4 each.
/// y may overlap x as edgepack computes it: pixels are read before they are written.
/// Bit-exact with TFLite reference_integer_ops::ConvPerChannel.
void ep_chain_band_s8(const ep_chain_band_t* p, const int8_t* x, const uint32_t* stream,
                      uint32_t* scratch, int8_t* y);

#endif
