/* SPDX-License-Identifier: MIT-0 */
/* Lines of fused pixels, from which chained ones are copied: what the assembly does. */
#ifndef EP_FUSE_H
#define EP_FUSE_H

#include <stdint.h>

typedef struct {
    int32_t lines;
    int32_t pixel_bytes; /* of a fused pixel: 2 * channels */
    int32_t pitch;       /* bytes from a fused line to the next */
} ep_fuse_window_t;

/// Fuses each pixel with the next one: of every 4 channels {0 and 2}{1 and 3}, 256 * the next one's
/// + its own + 128 in each half. x: words + words / pixel words of the line; fused: 2 * words.
void ep_fuse_line(const uint32_t* x, int32_t pixel_words, int32_t words, uint32_t* fused);

/// Chains four pixels side by side, whose windows are 3 wide, as ep_chain_window does.
/// fused: the first pixel's upper left corner.
void ep_fuse_gather(const uint32_t* fused, const ep_fuse_window_t* window, uint32_t* chained);

#endif
