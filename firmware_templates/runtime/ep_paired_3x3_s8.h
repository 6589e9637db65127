/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_PAIRED_3X3_S8_H
#define EP_PAIRED_3X3_S8_H

#include "ep_pairs_3x3_s8.h"

typedef struct {
    ep_pairs_t pairs;
    int32_t batches;
    int32_t channels;
    int32_t x_batch; /* bytes of an input image */
    int32_t y_batch;
    int32_t x_line; /* bytes from a line of the image to the next */
    int32_t x_column;
    int32_t in_lines; /* of the image */
    int32_t in_columns; /* of the image, that windows see */
    int32_t plane_lines; /* of words */
    int32_t pad_line;
    int32_t pad_column;
    int32_t apart; /* lines from an upper value to its lower one */
    int32_t bytes; /* of a plane */
    int8_t zero;   /* zero point of x, read where windows leave it */
} ep_paired_t;

/// A depthwise convolution with 3x3 windows and one output a channel, channel by channel, the upper
/// and the lower half of the lines together.
/// w: [channels][9]; rows: [channels][4], the zero point of x folded into the biases.
/// scratch: a plane of words. y may be x: a channel is read before its outputs are written.
/// Bit-exact with TFLite reference_integer_ops::DepthwiseConvPerChannel.
void ep_paired_3x3_s8(const ep_paired_t* p, const int8_t* x, const int8_t* w,
                      const uint32_t* rows, int8_t* scratch, int8_t* y);

#endif
