/* SPDX-License-Identifier: MIT-0 */
/* SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND on images [batch][height][width][run bytes]. */
#ifndef EP_BATCH_SPACE_H
#define EP_BATCH_SPACE_H

#include <stdint.h>

typedef struct {
    uint32_t images;       /* batch of the image */
    uint32_t height;       /* of the image */
    uint32_t width;
    uint32_t run;          /* bytes of a pixel */
    uint32_t block_height;
    uint32_t block_width;
    uint32_t part_height;  /* of one image of the batch that the image is taken apart into */
    uint32_t part_width;
    uint32_t top;          /* padding, or what is cropped, above and to the left */
    uint32_t left;
} ep_batch_space_t;

/// y[(block * images + image)][h][w] = the pixel of x at (h * block_height + block's row - top,
/// w * block_width + block's column - left), bytes of `fill` where it lies outside of x.
/// x: [images][height][width][run]; y: [blocks * images][part_height][part_width][run].
/// y must not overlap x.
void ep_space_to_batch(const ep_batch_space_t* p, uint8_t fill, const void* x, void* y);

/// The inverse: y: [images][height][width][run] is cut out of what the parts x make up.
/// y must not overlap x.
void ep_batch_to_space(const ep_batch_space_t* p, const void* x, void* y);

#endif
