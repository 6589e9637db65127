/* SPDX-License-Identifier: MIT-0 */
#ifndef EP_MVE_PIXELS_S8_H
#define EP_MVE_PIXELS_S8_H

#include <stdint.h>

/// What all outputs of a pixel need.
typedef struct {
    int32_t steps;   /* of 16 inputs each, at least 1 */
    int32_t depth;   /* bytes from one pixel's inputs to the next one's */
    int32_t outputs; /* of a pixel, at least 1 */
    int16_t zero;    /* zero point of y */
    int8_t signs;    /* whether ties of negative sums count: 0 where y is cut to [zero, ...] */
    int8_t low;      /* the activation's range, to which the caller cuts y */
    int8_t high;
} ep_mve_pixels_t;

/// y[i][o] = saturate(zp_y + rescale(bias[o] + sum_k x[i][k] * w[o][k])), pixels times, at least 1.
/// x: 16 * steps bytes of each pixel are read; those beyond the layer's own meet weights of 0.
/// w: blocks of 4 outputs, the last one filled up with zeros: [steps][4][16] weights, then the 4
/// biases (the zero point of x folded in). With 4 steps or less, all but the first of them are in
/// reverse order. tables: for each block 4 multipliers (Q0.31, not negative), then 4 bytes, minus
/// the right shifts: in [1, 31], 0 too without signs.
/// y must not overlap the inputs of the two pixels that are in work.
/// Bit-exact with TFLite reference_integer_ops::ConvPerChannel.
void ep_mve_pixels_s8(const ep_mve_pixels_t* p, int32_t pixels, const int8_t* x, const int32_t* w,
                      const int32_t* tables, int8_t* y);

/// ep_mve_pixels_s8, or its like.
typedef void ep_mve_pixels_run_t(const ep_mve_pixels_t* p, int32_t pixels, const int8_t* x,
                                 const int32_t* w, const int32_t* tables, int8_t* y);

#endif
