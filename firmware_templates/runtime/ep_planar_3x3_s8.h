/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_PLANAR_3X3_S8_H
#define EP_PLANAR_3X3_S8_H

#include "ep_plane_3x3_s8.h"

typedef struct {
    ep_plane_3x3_t plane;
    int32_t batches;
    int32_t channels;
    int32_t x_batch; /* bytes of an input image */
    int32_t y_batch;
    int32_t x_line; /* bytes from a line of the image to the next */
    int32_t x_column;
    int32_t in_lines; /* that windows see */
    int32_t in_columns;
    int32_t first; /* where the image starts in its plane */
    int32_t bytes; /* of a plane, a multiple of 4 */
    int8_t zero;   /* zero point of x, read where windows leave it */
} ep_planar_t;

/// A depthwise convolution with 3x3 windows and one output a channel, channel by channel.
/// w: [channels][9]; bias: [channels], the zero point of x folded in; steps: see ep_quad_s8.h.
/// scratch: a plane, aligned to 4. y may be x: a channel is read before its outputs are written.
/// Bit-exact with TFLite reference_integer_ops::DepthwiseConvPerChannel.
void ep_planar_3x3_s8(const ep_planar_t* p, const int8_t* x, const int8_t* w, const int32_t* bias,
                      const uint32_t* steps, int8_t* scratch, int8_t* y);
void ep_planar_3x3_signed_s8(const ep_planar_t* p, const int8_t* x, const int8_t* w,
                             const int32_t* bias, const uint32_t* steps, int8_t* scratch,
                             int8_t* y);

#endif
