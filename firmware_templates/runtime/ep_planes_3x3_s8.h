/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_PLANES_3X3_S8_H
#define EP_PLANES_3X3_S8_H

#include <stdbool.h>

#include "ep_plane.h"
#include "ep_window.h"

typedef struct {
    ep_window_t window; /* 3x3, not dilated, strides 1 or 2 and alike, in_c at least 4, pad_left below 3 */
    int32_t columns;    /* of a plane: (out_w - 1) * stride + 3 */
    int32_t lines;      /* of a strip: pairs of rows that scratch holds */
    int32_t zero_term;  /* 2 * zero point of y + 1 */
    bool is_signed;     /* whether a result below the zero point of y matters */
    int8_t zero;        /* zero point of x, read where the window leaves it */
    int8_t low;
    int8_t high;
} ep_planes_3x3_t;

/// y[b][i][j][c] = clamp(zp_y + requantize(bias[c] + sum_k x[tap k][c] * w[c][k])), four channels at
/// a time, their planes in strips of some rows. channels: [in_c] of
/// ep_plane_channel_t, in words. scratch:
/// 32 * columns * lines + 4 bytes, aligned to 4. y may be x itself, or lie apart from it; nothing
/// between.
/// Bit-exact with TFLite reference_integer_ops::DepthwiseConvPerChannel.
void ep_planes_3x3_s8(const ep_planes_3x3_t* p, const int8_t* x, const uint32_t* channels,
                      uint32_t* scratch, int8_t* y);

#endif
