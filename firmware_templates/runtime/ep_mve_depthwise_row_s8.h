/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_DEPTHWISE_ROW_S8_H
#define EP_MVE_DEPTHWISE_ROW_S8_H

#include <stdint.h>

/// Windows side by side, their groups of 16 channels one after the other.
typedef struct {
    const int8_t* x;       /* [groups][columns][3 lines][16], word-aligned */
    int32_t x_group;       /* bytes from group to group */
    int32_t x_step;        /* bytes from window to window */
    const int32_t* w;      /* of each group: [9][16] int8 weights, then 16 biases in lane order */
    const int32_t* tables; /* of each group: 16 multipliers in lane order, then minus their right
                              shifts in lane order as bytes */
    int8_t* y;
    int32_t y_step;  /* bytes from window to window; groups are 16 bytes apart */
    int32_t windows; /* at least 1 */
    int32_t groups;  /* at least 1 */
    int32_t lanes;   /* bytes of a group that are written, 1 to 16 */
    int32_t turn;    /* which of the 3 lines is the window's first one; they go round */
    int32_t zero;    /* zero point of y */
    int32_t signs;   /* whether ties of negative sums count */
} ep_mve_depthwise_row_t;

/// y = saturate(zp_y + rescale(bias + sum of 9 products)) for each channel of each window.
/// Lane order is 0 4 8 12, 2 6 10 14, 1 5 9 13, 3 7 11 15. Biases hold the zero point of x. Shifts
/// as ep_mve_pixels_s8 has them; the magnitudes of any two weights of a channel add up to 255 at
/// most.
/// Bit-exact with TFLite reference_integer_ops::DepthwiseConvPerChannel.
void ep_mve_depthwise_row_s8(const ep_mve_depthwise_row_t* row);

#endif
