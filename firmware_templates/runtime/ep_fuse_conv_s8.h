/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_FUSE_CONV_S8_H
#define EP_FUSE_CONV_S8_H

#include "ep_chain.h"
#include "ep_fuse.h"
#include "ep_window.h"

typedef struct {
    ep_chain_t rows;
    ep_window_t window; /* 3 wide, not dilated, stride_w 1, in_c and out_w multiples of 4 */
    ep_fuse_window_t fused;
    int8_t zero;    /* zero point of x, read where the window leaves it */
    int8_t low;
    int8_t high;
} ep_fuse_conv_t;

/// y[b][i][j][o] = clamp(zp_y + requantize(bias[o] + sum_k x[tap k] * w[o][k])), four pixels of a row
/// at a time. The lines that a row of outputs sees are kept fused, with what lies beside the image.
/// stream: as ep_chain.h has it. scratch, aligned to 4: 24 * rows.groups bytes, fused.pitch *
/// fused.lines, then in_c * (out_w + 2).
/// y may overlap x as edgepack computes it: pixels are read before they are written.
/// Bit-exact with TFLite reference_integer_ops::ConvPerChannel.
void ep_fuse_conv_s8(const ep_fuse_conv_t* p, const int8_t* x, const uint32_t* stream,
                     uint32_t* scratch, int8_t* y);

#endif
