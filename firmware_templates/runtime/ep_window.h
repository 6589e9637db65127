/* SPDX-License-Identifier: MIT-0 */
/* Windows that slide over images: convolutions and pools. */
#ifndef EP_WINDOW_H
#define EP_WINDOW_H

#include <stdint.h>

/// Images are [batches][height][width][channels], the channels the same bytes apart everywhere.
/// Output (i, j) sees rows i * stride_h - pad_top + k * dilation_h and columns likewise.
typedef struct {
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t in_c;
    int32_t out_h;
    int32_t out_w;
    int16_t kernel_h;
    int16_t kernel_w;
    int16_t stride_h;
    int16_t stride_w;
    int16_t dilation_h;
    int16_t dilation_w;
    int16_t pad_top;
    int16_t pad_left;
} ep_window_t;

/// The part [first, last) of a window of `kernel` taps whose places start + k * dilation lie in
/// [0, size); first may equal last.
static inline void
ep_window_clip(int32_t start, int32_t kernel, int32_t dilation, int32_t size, int32_t* first,
               int32_t* last)
{
    int32_t low = 0;
    int32_t high = kernel;
    while (low < high && start + low * dilation < 0) {
        low++;
    }
    while (low < high && start + (high - 1) * dilation >= size) {
        high--;
    }
    *first = low;
    *last = high;
}

#endif
