/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_PLANAR_LINE_S8_H
#define EP_MVE_PLANAR_LINE_S8_H

#include <stdint.h>

/// A line of depthwise 3x3 windows, channel by channel.
typedef struct {
    const int8_t* x;       /* [channels][columns][3 lines], 7 bytes behind it are read as well */
    int32_t plane;         /* bytes from channel to channel, 3 * columns */
    int8_t* y;             /* [windows][channels] */
    int32_t channels;      /* at least 1 */
    int32_t windows;       /* at least 4 */
    int32_t stride;        /* columns from window to window, 1 or 2 */
    int32_t turn;          /* which of the 3 lines is the windows' first one; they go round */
    int32_t zero;          /* zero point of y */
    int32_t signs;         /* whether ties of negative sums count */
    const int8_t* w;       /* [channels][9] */
    const int32_t* bias;   /* the zero point of x folded in */
    const int32_t* tables; /* of each channel the multiplier and minus the right shift */
} ep_mve_planar_line_t;

/// y = saturate(zp_y + rescale(bias + sum of 9 products)); shifts as ep_mve_pixels_s8 has them.
/// Bit-exact with TFLite reference_integer_ops::DepthwiseConvPerChannel.
void ep_mve_planar_line_s8(const ep_mve_planar_line_t* line);

#endif
