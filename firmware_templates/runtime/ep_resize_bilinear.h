/* SPDX-License-Identifier: MIT-0 */
/* RESIZE_BILINEAR: each output pixel is a weighted sum of four. */
#ifndef EP_RESIZE_BILINEAR_H
#define EP_RESIZE_BILINEAR_H

#include <stdint.h>

typedef struct {
    uint32_t batches;
    uint32_t image;    /* elements of one image of x */
    uint32_t height;   /* of y */
    uint32_t width;
    uint32_t channels;
} ep_resize_t;

/// places: [height + width][2]: the two rows of x that a row of y lies between, in elements from
/// the image's start, then the two columns of each column, in elements from the row's start.
/// shares: [height + width]: what the second of the two counts, in 1/1024. Outside of [0, 1024]
/// where both are the same.
/// x: [batches][image]; y: [batches][height][width][channels]; y must not overlap x.
/// Bit-exact with TFLite reference_ops::ResizeBilinearInteger.
void ep_resize_bilinear_s8(const ep_resize_t* p, const uint32_t* places, const int32_t* shares,
                           const int8_t* x, int8_t* y);
void ep_resize_bilinear_s16(const ep_resize_t* p, const uint32_t* places, const int32_t* shares,
                            const int16_t* x, int16_t* y);

/// The same in real numbers; shares: [height + width][2], of the first and of the second. uint8:
/// half is added, and the fraction cut off.
/// Bit-exact with TFLite reference_ops::ResizeBilinear.
void ep_resize_bilinear_u8(const ep_resize_t* p, const uint32_t* places, const float* shares,
                           const uint8_t* x, uint8_t* y);
void ep_resize_bilinear_f32(const ep_resize_t* p, const uint32_t* places, const float* shares,
                            const float* x, float* y);

#endif
